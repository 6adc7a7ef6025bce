import * as React from 'react';

import type { RunInfo } from '../api/schema';
import { Badge } from '../ui/badge';

/** The status of a run; one that runs is on its way, not arrived like an instance that runs. */
export function RunBadge(props: { run: RunInfo; compact?: boolean }): React.ReactElement {
  const { run, compact } = props;
  const tone = run.status === 'running' ? 'active' : undefined;
  return <Badge state={run.status} tone={tone} title={run.error || undefined} compact={compact} />;
}
