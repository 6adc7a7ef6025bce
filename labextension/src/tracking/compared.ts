import { Observable } from '../api/observable';
import type { ApiError } from '../api/request';
import type { RunInfo } from '../api/schema';
import { Histories } from './histories';
import { RunModel } from './run';
import type { LiveChanges } from './tokens';

/** The runs of one comparison, live, in the order in which they were chosen. */
export class ComparedRuns extends Observable {
  constructor(live: LiveChanges, ids: readonly string[]) {
    super();
    this.histories = new Histories(live);
    this._models = ids.map(id => new RunModel(live, id));
    this._models.forEach(model => model.changed.connect(this._onChanged, this));
  }

  readonly histories: Histories;

  /** Those that are loaded. */
  get runs(): RunInfo[] {
    return this._models.flatMap(model => model.run ?? []);
  }

  /** Why one of them could not be loaded. */
  get error(): ApiError | null {
    return this._models.find(model => model.state === 'error')?.error ?? null;
  }

  override dispose(): void {
    this.histories.dispose();
    this._models.forEach(model => model.dispose());
    super.dispose();
  }

  load(): void {
    this._models.forEach(model => void model.load());
  }

  private _onChanged(model: RunModel): void {
    if (model.run) {
      this.histories.follow(model.run);
    }
    this.emit();
  }

  private readonly _models: RunModel[];
}
