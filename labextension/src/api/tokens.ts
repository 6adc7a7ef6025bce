import { Token } from '@lumino/coreutils';

import type { Live } from './live';

/** What the server tells, as it happens. */
export const ILive = new Token<Live>(
  '@modelyard/lab:ILive',
  'The status of the Modelyard workspace and the changes in it, as they happen.',
);
export type ILive = Live;
