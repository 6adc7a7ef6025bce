import * as React from 'react';

import { TextButton } from '../ui/buttons';
import { CodeBlock } from '../ui/code';
import { ErrorState } from '../ui/feedback';
import { useSignal } from '../ui/hooks';
import { useTrans } from '../ui/translation';
import { compact, TryIt } from './tryit';

/**
 * Sends a request to the endpoint and shows the answer.
 *
 * @param blocked - Why nothing can be sent now; empty when it can.
 */
export function TryItForm(props: { model: TryIt; blocked: string }): React.ReactElement {
  const { model, blocked } = props;
  const trans = useTrans();
  useSignal(model.changed);
  const problem = model.problem;
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      void model.send();
    }
  };
  return (
    <div className="myd-tryit">
      <div className="myd-tryit-request">
        <label htmlFor={`tryit-${model.endpoint}`}>{trans.__('Request body (JSON)')}</label>
        <textarea
          id={`tryit-${model.endpoint}`}
          className="myd-code-input"
          spellCheck={false}
          value={model.text}
          aria-invalid={problem !== null}
          aria-describedby={`tryit-problem-${model.endpoint}`}
          onKeyDown={onKeyDown}
          onChange={event => (model.text = event.target.value)}
        />
        <div
          id={`tryit-problem-${model.endpoint}`}
          className={problem ? 'myd-field-error' : 'myd-muted'}
          role="status"
        >
          {problem ?? blocked}
        </div>
        <div className="myd-toolbar">
          <TextButton
            kind="accept"
            disabled={problem !== null || blocked !== ''}
            title={trans.__('Ctrl+Enter')}
            onClick={() => model.send()}
          >
            {trans.__('Send')}
          </TextButton>
          <TextButton disabled={problem !== null} onClick={() => model.format()}>
            {trans.__('Format')}
          </TextButton>
        </div>
      </div>
      <div className="myd-tryit-reply" aria-live="polite">
        <span>{trans.__('Answer')}</span>
        <Reply model={model} />
      </div>
    </div>
  );
}

function Reply({ model }: { model: TryIt }): React.ReactElement {
  const trans = useTrans();
  const { reply, error } = model;
  if (error) {
    return <ErrorState error={error} />;
  }
  if (!reply) {
    return (
      <p className="myd-muted">{trans.__('Send a request to see what the model predicts.')}</p>
    );
  }
  const ok = reply.status < 400;
  const body =
    typeof reply.body === 'string' ? reply.body : compact(JSON.stringify(reply.body, null, 2));
  return (
    <>
      <div className="myd-toolbar">
        <span className="myd-status" data-ok={ok}>
          {reply.status} {ok ? trans.__('OK') : trans.__('Error')}
        </span>
        <span className="myd-muted">{reply.milliseconds.toFixed(1)} ms</span>
      </div>
      <div data-testid="score-reply">
        <CodeBlock code={body} label={trans.__('Answer')} maxHeight={420} />
      </div>
    </>
  );
}
