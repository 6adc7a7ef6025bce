import { Clipboard } from '@jupyterlab/apputils';
import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { EndpointInfo, RotateKey } from '../api/schema';
import { IconButton, TextButton } from '../ui/buttons';
import { CodeBlock } from '../ui/code';
import { confirmDanger } from '../ui/confirm';
import { ErrorState } from '../ui/feedback';
import { useSignal } from '../ui/hooks';
import { attempt, notifySuccess } from '../ui/notify';
import { Panel } from '../ui/page';
import { useTrans } from '../ui/translation';
import type { Keys } from './keys';
import { curlSnippet, ISnippetInput, pythonSnippet, sdkSnippet } from './snippets';
import type { TryIt } from './tryit';

/** Stands for the key in snippets while the keys are hidden. */
const PLACEHOLDER = 'YOUR_KEY';

export interface IConsumeProps {
  endpoint: EndpointInfo;
  keys: Keys;
  /** Its request is the one in the snippets. */
  tryIt: TryIt;
}

/** Keys, and code that calls the endpoint. */
export function ConsumeView({ endpoint, keys, tryIt }: IConsumeProps): React.ReactElement {
  const trans = useTrans();
  useSignal(keys.changed, tryIt.changed);
  const key = (keys.revealed && keys.keys?.[0]) || PLACEHOLDER;
  const body = tryIt.problem === null ? JSON.stringify(JSON.parse(tryIt.text)) : '{"data": [[0]]}';
  const input: ISnippetInput = { name: endpoint.name, url: endpoint.url, key, body };
  return (
    <div className="myd-panels myd-mod-roomy">
      <Panel
        title={trans.__('Keys')}
        actions={
          <TextButton onClick={() => keys.setRevealed(!keys.revealed)}>
            {keys.revealed ? trans.__('Hide') : trans.__('Reveal')}
          </TextButton>
        }
      >
        {keys.error && <ErrorState error={keys.error} />}
        <KeyRow keys={keys} index={0} kind="primary" label={trans.__('Primary')} />
        <KeyRow keys={keys} index={1} kind="secondary" label={trans.__('Secondary')} />
        <p className="myd-muted">
          {trans.__('Either key opens the endpoint: move callers to one, then rotate the other.')}
        </p>
      </Panel>
      <Panel title="curl">
        <CodeBlock code={curlSnippet(input)} label={trans.__('curl command')} />
      </Panel>
      <Panel title={trans.__('Python')}>
        <CodeBlock code={pythonSnippet(input)} label={trans.__('Python code')} />
      </Panel>
      <Panel title={trans.__('In a notebook of this workspace')}>
        <CodeBlock code={sdkSnippet(input)} label={trans.__('Notebook code')} />
      </Panel>
    </div>
  );
}

interface IKeyRowProps {
  keys: Keys;
  index: number;
  kind: RotateKey['key'];
  label: string;
}

function KeyRow({ keys, index, kind, label }: IKeyRowProps): React.ReactElement {
  const trans = useTrans();
  const copy = async (): Promise<void> => {
    const key = await keys.get(index);
    if (key !== null) {
      Clipboard.copyToSystem(key);
      notifySuccess(trans.__('Copied the key.'));
    }
  };
  const rotate = async (): Promise<void> => {
    const { accepted } = await confirmDanger({
      title: trans.__('Replace the %1 key of “%2”?', label.toLowerCase(), keys.endpoint),
      body: trans.__('Whoever still uses the old key is refused from then on.'),
      action: trans.__('Replace'),
    });
    if (accepted) {
      const done = await attempt(() => keys.rotate(kind).then(() => true));
      if (done) {
        notifySuccess(trans.__('Replaced the %1 key.', label.toLowerCase()));
      }
    }
  };
  return (
    <div className="myd-key" role="group" aria-label={label}>
      <span className="myd-key-label">{label}</span>
      <code className="myd-key-value" data-testid={`myd-key-${kind}`}>
        {keys.revealed ? keys.keys?.[index] : '•'.repeat(24)}
      </code>
      <IconButton
        icon={copyIcon}
        label={trans.__('Copy the %1 key', label.toLowerCase())}
        onClick={() => void copy()}
      />
      <TextButton onClick={rotate}>{trans.__('Rotate…')}</TextButton>
    </div>
  );
}
