import { Notification } from '@jupyterlab/apputils';

import { asInfo } from './feedback';

/** Tell that a command failed: what went wrong and what to do about it. */
export function notifyError(error: unknown): void {
  const { message, hint } = asInfo(error);
  Notification.error([message, hint].filter(Boolean).join(' '), { autoClose: 10_000 });
}

/** Tell that a command did what it should. */
export function notifySuccess(message: string): void {
  Notification.success(message, { autoClose: 4000 });
}

/** Run an action; a failure becomes a notification and the answer null. */
export async function attempt<T>(action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    notifyError(error);
    return null;
  }
}
