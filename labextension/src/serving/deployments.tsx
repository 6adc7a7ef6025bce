import * as React from 'react';

import type { Deployment } from '../api/schema';
import { Badge } from '../ui/badge';
import { TextButton } from '../ui/buttons';
import { ErrorState, ProgressLine } from '../ui/feedback';
import { formatTime } from '../ui/format';
import { KeyValues } from '../ui/keyvalues';
import { Panel } from '../ui/page';
import { useTrans } from '../ui/translation';
import { modelRef } from './model';
import type { IEndpointParts } from './page';
import { CommandIDs } from './tokens';

/** What answers now, and what is on its way. */
export function DeploymentsView(props: IEndpointParts): React.ReactElement {
  const { endpoint } = props;
  const trans = useTrans();
  return (
    <div className="myd-panels">
      {endpoint.next && (
        <Panel title={trans.__('Next')}>
          <DeploymentView {...props} deployment={endpoint.next} />
        </Panel>
      )}
      {endpoint.current && (
        <Panel title={trans.__('Current')}>
          <DeploymentView {...props} deployment={endpoint.current} />
        </Panel>
      )}
      {!endpoint.next && !endpoint.current && (
        <p className="myd-muted">{trans.__('Nothing is deployed.')}</p>
      )}
    </div>
  );
}

function DeploymentView(props: IEndpointParts & { deployment: Deployment }): React.ReactElement {
  const { deployment, commands } = props;
  const trans = useTrans();
  const { exit } = deployment;
  const args = { name: deployment.model, version: deployment.version };
  const model = (
    <TextButton kind="link" onClick={() => commands.execute(CommandIDs.openModel, args)}>
      {modelRef(deployment)}
    </TextButton>
  );
  const how = exit && (exit.oom ? trans.__('out of memory') : exit.message);
  return (
    <>
      {deployment.error && <ErrorState error={deployment.error} />}
      {deployment.progress && deployment.state !== 'running' && deployment.state !== 'failed' && (
        <ProgressLine progress={deployment.progress} />
      )}
      <KeyValues
        items={[
          [trans.__('State'), <Badge key="state" state={deployment.state} />],
          [trans.__('Model'), model],
          [trans.__('Size'), deployment.size],
          [
            trans.__('Scoring script'),
            deployment.custom_script ? trans.__('your own') : trans.__('built in'),
          ],
          [trans.__('Created'), formatTime(deployment.created)],
          [trans.__('Ready'), formatTime(deployment.ready)],
          [trans.__('Image'), deployment.image],
          [trans.__('Last exit'), exit && trans.__('code %1 %2', exit.code, how ?? '')],
        ]}
      />
    </>
  );
}
