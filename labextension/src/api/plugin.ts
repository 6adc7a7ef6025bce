import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { Live } from './live';
import { request } from './request';
import type { Status } from './schema';
import { ILive } from './tokens';

/** Listens to the server. */
export const livePlugin: JupyterFrontEndPlugin<ILive> = {
  id: '@modelyard/lab:live',
  description: 'Listens to what happens in the Modelyard workspace.',
  autoStart: true,
  provides: ILive,
  activate: (app: JupyterFrontEnd): ILive =>
    new Live({
      events: app.serviceManager.events,
      // Longer than the server itself waits for Docker.
      loadStatus: () => request<Status>('/status', { signal: AbortSignal.timeout(30_000) }),
      failed: app.serviceManager.connectionFailure,
    }),
};
