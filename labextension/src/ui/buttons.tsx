import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface IconButtonProps {
  icon: LabIcon;
  /** Read aloud and shown as tooltip. */
  label: string;
  onClick: (event: React.MouseEvent) => void;
  disabled?: boolean;
  /** Why it is disabled; shown in the tooltip. */
  reason?: string;
  pressed?: boolean;
}

/** A small square button, as in JupyterLab's toolbars. */
export function IconButton(props: IconButtonProps): React.ReactElement {
  const { icon, label, onClick, disabled, reason, pressed } = props;
  return (
    <button
      type="button"
      className="myd-icon-button"
      title={reason ? `${label}\n${reason}` : label}
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={event => {
        event.stopPropagation();
        onClick(event);
      }}
    >
      <icon.react tag="span" className="myd-icon" />
    </button>
  );
}

export interface TextButtonProps {
  children: React.ReactNode;
  onClick: () => unknown;
  icon?: LabIcon;
  kind?: 'normal' | 'accept' | 'link';
  disabled?: boolean;
  title?: string;
}

/** A button with a text. While the promise that `onClick` returns is pending it is disabled. */
export function TextButton(props: TextButtonProps): React.ReactElement {
  const { children, onClick, icon, kind = 'normal', disabled, title } = props;
  const [busy, setBusy] = React.useState(false);
  const alive = React.useRef(true);
  React.useEffect(() => {
    alive.current = true;
    return () => void (alive.current = false);
  }, []);
  const click = (): void => {
    const result = onClick();
    if (result instanceof Promise) {
      setBusy(true);
      void result.finally(() => alive.current && setBusy(false)).catch(() => undefined);
    }
  };
  return (
    <button
      type="button"
      className={`myd-button myd-button-${kind}`}
      disabled={disabled || busy}
      aria-busy={busy}
      title={title}
      onClick={click}
    >
      {icon && <icon.react tag="span" className="myd-icon" />}
      <span className="myd-button-text">{children}</span>
    </button>
  );
}
