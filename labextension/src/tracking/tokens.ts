import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { Change, RunInfo } from '../api/schema';

/** The part of the live connection that models follow. */
export interface LiveChanges {
  readonly changed: ISignal<unknown, readonly Change[]>;
  readonly resync: ISignal<unknown, void>;
}

/** One thing that came of a run, as a link. */
export interface ILineageLink {
  /** Kind of thing: 'Model', 'Endpoint'. */
  label: string;
  text: string;
  /** Command that opens it. */
  command: string;
  args: Record<string, string | number>;
}

/** Tells what came of a run. */
export interface ILineageProvider {
  /** Emitted when the answers may be different. */
  changed: ISignal<unknown, unknown>;
  links(run: RunInfo): ILineageLink[];
}

/** What other domains may ask of experiments and runs. */
export interface ITracking {
  /** Add links to the lineage of run pages. */
  addLineage(provider: ILineageProvider): void;
  /** Id of the run whose page is in front. */
  currentRun(): string | null;
}

export const ITracking = new Token<ITracking>(
  '@modelyard/lab:ITracking',
  'Experiments and runs: adds to the lineage that run pages show.',
);

/** Commands of this domain. */
export namespace CommandIDs {
  /** args: {id} */
  export const openExperiment = 'modelyard:experiment-open';
  export const createExperiment = 'modelyard:experiment-create';
  /** args: {id} */
  export const renameExperiment = 'modelyard:experiment-rename';
  /** args: {id} */
  export const deleteExperiment = 'modelyard:experiment-delete';
  /** args: {id} */
  export const restoreExperiment = 'modelyard:experiment-restore';
  /** args: {id} */
  export const openRun = 'modelyard:run-open';
  /** args: {id}, or {ids} for several; answers whether they were deleted */
  export const deleteRun = 'modelyard:run-delete';
  /** args: {id} */
  export const restoreRun = 'modelyard:run-restore';
  /** args: {ids}, two to five of them */
  export const compareRuns = 'modelyard:run-compare';
  /** Belongs to models; args: {run, path} */
  export const registerModel = 'modelyard:model-register';
}
