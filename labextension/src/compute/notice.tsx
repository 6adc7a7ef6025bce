import * as React from 'react';

import type { InstanceInfo } from '../api/schema';
import { ErrorState, ProgressLine } from '../ui/feedback';
import { blockedBy, isMoving, waitsFor } from './model';

export interface InstanceNoticeProps {
  instance: InstanceInfo;
  /** Buttons beside an error. */
  children?: React.ReactNode;
}

/** What is being done with it, what it waits for, or what went wrong; nothing when all is well. */
export function InstanceNotice(props: InstanceNoticeProps): React.ReactElement | null {
  const { instance, children } = props;
  const waiting = waitsFor(instance);
  if (waiting) {
    return (
      <div className="myd-waiting">
        <ProgressLine label={waiting} />
      </div>
    );
  }
  const reason = blockedBy(instance);
  const error = instance.error ?? (reason ? { message: reason } : null);
  return (
    <>
      {isMoving(instance) && <ProgressLine progress={instance.progress} />}
      {error && <ErrorState error={error}>{children}</ErrorState>}
    </>
  );
}
