import { Dialog, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';

export interface ConfirmOptions {
  title: string;
  /** What will happen, and what stays. */
  body: React.ReactNode;
  /** The verb on the red button: 'Delete'. */
  action: string;
  /** A choice beside it ("Stop its 2 kernels too"). */
  checkbox?: { label: string; checked?: boolean };
}

export interface Confirmed {
  accepted: boolean;
  /** The state of the checkbox. */
  checked: boolean;
}

/** Ask before something is destroyed. The focus is on "Cancel". */
export async function confirmDanger(options: ConfirmOptions): Promise<Confirmed> {
  const { title, body, action, checkbox } = options;
  const result = await showDialog({
    title,
    body: <div className="myd-confirm">{body}</div>,
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: action })],
    defaultButton: 0,
    checkbox: checkbox
      ? { label: checkbox.label, caption: checkbox.label, checked: checkbox.checked ?? false }
      : null,
  });
  return { accepted: result.button.accept, checked: result.isChecked ?? false };
}
