import { Clipboard } from '@jupyterlab/apputils';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from './buttons';
import { useTrans } from './translation';

/** A button that copies a text and says so for a moment. */
export function CopyButton({ text, label }: { text: string; label?: string }): React.ReactElement {
  const trans = useTrans();
  const [copied, setCopied] = React.useState(false);
  React.useEffect(() => {
    if (copied) {
      const timer = window.setTimeout(() => setCopied(false), 1500);
      return () => window.clearTimeout(timer);
    }
    return undefined;
  }, [copied]);
  return (
    <IconButton
      icon={copied ? checkIcon : copyIcon}
      label={copied ? trans.__('Copied') : (label ?? trans.__('Copy'))}
      onClick={() => {
        Clipboard.copyToSystem(text);
        setCopied(true);
      }}
    />
  );
}

export interface CodeBlockProps {
  code: string;
  /** Read aloud before it: 'curl command'. */
  label?: string;
  /** Pixels after which it scrolls. */
  maxHeight?: number;
}

/** Code to copy. */
export function CodeBlock({ code, label, maxHeight }: CodeBlockProps): React.ReactElement {
  return (
    <div className="myd-code">
      <pre tabIndex={0} aria-label={label} style={maxHeight ? { maxHeight } : undefined}>
        <code>{code}</code>
      </pre>
      <CopyButton text={code} />
    </div>
  );
}
