import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { Collection } from '../api/collection';
import type { EndpointInfo, Model } from '../api/schema';
import { Badge } from '../ui/badge';
import { TextButton } from '../ui/buttons';
import { CopyButton } from '../ui/code';
import { engineWhenSeveral } from '../ui/engines';
import { ErrorState, ProgressLine } from '../ui/feedback';
import { formatTime, relativeTime } from '../ui/format';
import { useCollection, useDisposable, useSignal } from '../ui/hooks';
import { endpointIcon, trashIcon } from '../ui/icons';
import { ObjectPage } from '../ui/objectpage';
import { PageHeader } from '../ui/page';
import type { PageTab } from '../ui/pages';
import { Tabs } from '../ui/tabs';
import { useTrans } from '../ui/translation';
import { ConsumeView } from './consume';
import { DeploymentsView } from './deployments';
import { Keys } from './keys';
import { EndpointLog } from './log';
import { answers, blockedBy, featuresOf, progressOf, served, ServingModel } from './model';
import { scoreUrl } from './snippets';
import { CommandIDs } from './tokens';
import { TryIt } from './tryit';
import { TryItForm } from './tryitForm';

export interface IEndpointPageProps {
  name: string;
  model: ServingModel;
  models: Collection<Model>;
  commands: CommandRegistry;
  tab: PageTab;
}

/** What a part of the page is given. */
export interface IEndpointParts extends IEndpointPageProps {
  endpoint: EndpointInfo;
}

/** An endpoint: its URL and keys, what it serves, and a form to try it. */
export default function EndpointPage(props: IEndpointPageProps): React.ReactElement {
  const { name, model, tab } = props;
  const trans = useTrans();
  const gone = trans.__('There is no endpoint “%1” any more.', name);
  return (
    <ObjectPage collection={model.endpoints} id={name} tab={tab} gone={gone}>
      {endpoint => <Loaded {...props} endpoint={endpoint} />}
    </ObjectPage>
  );
}

function Loaded(props: IEndpointParts): React.ReactElement {
  const { endpoint, name, models } = props;
  const trans = useTrans();
  const tryIt = useDisposable(() => new TryIt(name), [name]);
  const keys = useDisposable(() => new Keys(name), [name]);
  useCollection(models);
  const current = endpoint.current ?? endpoint.next;
  const version = models
    .get(current?.model ?? '')
    ?.versions.find(each => each.version === current?.version);
  const features = featuresOf(version);
  React.useEffect(
    () => tryIt.prefill(endpoint.input_example, features),
    [tryIt, endpoint.input_example, features],
  );
  const blocked = answers(endpoint)
    ? ''
    : blockedBy(endpoint) || trans.__('The endpoint does not answer yet.');
  return (
    <div className="myd-page-column">
      <Header {...props} />
      <Tabs
        label={trans.__('Parts of the endpoint')}
        tabs={[
          {
            id: 'try',
            title: trans.__('Try it'),
            content: () => <TryItForm model={tryIt} blocked={blocked} />,
          },
          {
            id: 'use',
            title: trans.__('Keys and code'),
            content: () => <ConsumeView endpoint={endpoint} keys={keys} tryIt={tryIt} />,
          },
          {
            id: 'deployments',
            title: trans.__('Deployments'),
            content: () => <DeploymentsView {...props} />,
          },
          {
            id: 'logs',
            title: trans.__('Logs'),
            content: () => <EndpointLog endpoint={endpoint} />,
          },
        ]}
      />
    </div>
  );
}

function Header(props: IEndpointParts): React.ReactElement {
  const { endpoint, commands, name, model } = props;
  const trans = useTrans();
  useSignal(model.live.statusChanged);
  const engine = engineWhenSeveral(endpoint.engine, model.live.status, trans);
  const progress = progressOf(endpoint);
  const reason = blockedBy(endpoint);
  const failed = endpoint.error ?? (reason ? { message: reason } : endpoint.next?.error);
  const url = scoreUrl(endpoint.url);
  return (
    <>
      <PageHeader
        icon={endpointIcon}
        title={name}
        badge={<Badge state={endpoint.state} />}
        actions={
          <>
            <TextButton
              disabled={endpoint.state === 'deleting' || reason !== ''}
              title={reason || undefined}
              onClick={() => commands.execute(CommandIDs.update, { name })}
            >
              {trans.__('Update…')}
            </TextButton>
            <TextButton
              icon={trashIcon}
              disabled={endpoint.state === 'deleting'}
              onClick={() => commands.execute(CommandIDs.deleteEndpoint, { name })}
            >
              {trans.__('Delete')}
            </TextButton>
          </>
        }
      >
        <div className="myd-facts">
          <span className="myd-id myd-url">
            <code title={url}>{url}</code>
            <CopyButton text={url} label={trans.__('Copy the URL')} />
          </span>
          <ServedLink {...props} />
          {engine && <span>{trans.__('on %1', engine)}</span>}
          <span title={formatTime(endpoint.updated)}>
            {trans.__('changed %1', relativeTime(endpoint.updated))}
          </span>
        </div>
      </PageHeader>
      {progress && <ProgressLine progress={progress} />}
      {failed && (
        <ErrorState
          title={
            reason
              ? trans.__('The endpoint is unreachable')
              : answers(endpoint)
                ? trans.__('The update failed: the version before it still answers')
                : trans.__('The deployment failed')
          }
          error={failed}
        />
      )}
    </>
  );
}

function ServedLink({ endpoint, commands }: IEndpointParts): React.ReactElement | null {
  const trans = useTrans();
  const shown = endpoint.current ?? endpoint.next;
  if (!shown) {
    return null;
  }
  const args = { name: shown.model, version: shown.version };
  return (
    <TextButton
      kind="link"
      title={trans.__('Open the model')}
      onClick={() => commands.execute(CommandIDs.openModel, args)}
    >
      {served(endpoint)}
    </TextButton>
  );
}
