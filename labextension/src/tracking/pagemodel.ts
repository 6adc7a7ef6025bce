import { IDisposable } from '@lumino/disposable';

import * as api from './api';
import { Histories } from './histories';
import { LogTail } from './logtail';
import { RunModel } from './run';
import type { LiveChanges } from './tokens';
import { FileTree } from './tree';

/** Reserved folder of a run's artifacts. */
export const RESERVED = '.modelyard';

/** All that a run's page shows; each part is fetched when its tab is opened. */
export class RunPageModel implements IDisposable {
  constructor(live: LiveChanges, id: string) {
    const list = (path: string) => api.listArtifacts(id, path);
    this.run = new RunModel(live, id);
    this.histories = new Histories(live);
    this.run.changed.connect(({ run }) => run && this.histories.follow(run));
    this.log = new LogTail(live, id);
    this.artifacts = new FileTree(list);
    this.source = new FileTree(list, `${RESERVED}/source`, true);
  }

  readonly run: RunModel;
  readonly histories: Histories;
  readonly log: LogTail;
  readonly artifacts: FileTree;
  readonly source: FileTree;

  get isDisposed(): boolean {
    return this.run.isDisposed;
  }

  dispose(): void {
    [this.run, this.histories, this.log, this.artifacts, this.source].forEach(part =>
      part.dispose(),
    );
  }
}
