import { Token } from '@lumino/coreutils';

import type { Collection } from '../api/collection';
import type { EndpointInfo } from '../api/schema';

/** What other domains may ask of endpoints. */
export interface IServing {
  /** All endpoints, live. */
  readonly endpoints: Collection<EndpointInfo>;
}

export const IServing = new Token<IServing>(
  '@modelyard/lab:IServing',
  'Endpoints and what they serve.',
);

/** Commands of this domain. */
export namespace CommandIDs {
  /** args: {name} */
  export const open = 'modelyard:endpoint-open';
  /** args: {model?, version?} */
  export const deploy = 'modelyard:endpoint-deploy';
  /** args: {name} */
  export const update = 'modelyard:endpoint-update';
  /** args: {name} */
  export const deleteEndpoint = 'modelyard:endpoint-delete';
  /** args: {name} */
  export const copyUrl = 'modelyard:endpoint-copy-url';
  /** Belongs to models; args: {name, version?} */
  export const openModel = 'modelyard:model-open';
}
