import { Token } from '@lumino/coreutils';

import type { ComputeModel } from './model';

/** The compute instances of the workspace. */
export const ICompute = new Token<ComputeModel>(
  '@modelyard/lab:ICompute',
  'The compute instances of the Modelyard workspace, live, and what can be done with them.',
);
export type ICompute = ComputeModel;

/** Commands about instances; all but `create` take `{ name }`. */
export const CommandIDs = {
  create: 'modelyard:compute-create',
  open: 'modelyard:compute-open',
  start: 'modelyard:compute-start',
  stop: 'modelyard:compute-stop',
  restart: 'modelyard:compute-restart',
  move: 'modelyard:compute-move',
  remove: 'modelyard:compute-delete',
  notebook: 'modelyard:compute-notebook',
  terminal: 'modelyard:compute-terminal',
} as const;
