import { Token } from '@lumino/coreutils';

import type { Collection } from '../api/collection';
import type { Model } from '../api/schema';

/** What other domains may ask of registered models. */
export interface IRegistry {
  /** All registered models, live. */
  readonly models: Collection<Model>;
}

export const IRegistry = new Token<IRegistry>(
  '@modelyard/lab:IRegistry',
  'Registered models and their versions.',
);

/** Commands of this domain. */
export namespace CommandIDs {
  /** args: {name, version?} */
  export const open = 'modelyard:model-open';
  /** args: {run, path?} */
  export const register = 'modelyard:model-register';
  /** args: {name} */
  export const deleteModel = 'modelyard:model-delete';
  /** args: {name, version} */
  export const deleteVersion = 'modelyard:model-version-delete';
  /** Belongs to endpoints; args: {model, version} */
  export const deploy = 'modelyard:endpoint-deploy';
  /** Belongs to endpoints; args: {name} */
  export const openEndpoint = 'modelyard:endpoint-open';
  /** Belongs to runs; args: {id} */
  export const openRun = 'modelyard:run-open';
}
