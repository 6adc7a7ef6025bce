import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Collection } from '../api/collection';
import type { Live } from '../api/live';
import {
  ArtifactInfo,
  Model,
  ModelVersionInfo,
  NAME_PATTERN,
  NAME_RULE,
  RunInfo,
} from '../api/schema';
import * as api from './api';

/** Registered models, live. */
export class RegistryModel implements IDisposable {
  constructor(live: Live) {
    this.models = new Collection<Model>({
      live,
      domain: 'model',
      key: model => model.name,
      load: api.listModels,
      loadOne: api.getModel,
    });
  }

  readonly models: Collection<Model>;

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    this.models.dispose();
    Signal.clearData(this);
  }

  /** Emitted when another version was chosen. */
  get chosenChanged(): ISignal<this, string> {
    return this._chosenChanged;
  }

  /** The version that a model's page shows; null: the newest. */
  chosen(name: string): number | null {
    return this._chosen.get(name) ?? null;
  }

  choose(name: string, version: number): void {
    this._chosen.set(name, version);
    this._chosenChanged.emit(name);
  }

  /** The model of that name, as far as it is known here. */
  find(name: string): Model | undefined {
    return this.models.items.find(model => model.name === name);
  }

  async register(name: string, run: string, path: string, note: string): Promise<ModelVersionInfo> {
    const version = await api.registerVersion(name, { run_id: run, path, note });
    await this._reload(name);
    return version;
  }

  async setNote(name: string, note: string): Promise<void> {
    await this.models.take(api.updateModel(name, { note }));
  }

  async setTags(name: string, tags: Record<string, string | null>): Promise<void> {
    await this.models.take(api.updateModel(name, { tags }));
  }

  async setVersionNote(name: string, version: number, note: string): Promise<void> {
    await api.updateVersion(name, version, { note });
    await this._reload(name);
  }

  async setVersionTags(
    name: string,
    version: number,
    tags: Record<string, string | null>,
  ): Promise<void> {
    await api.updateVersion(name, version, { tags });
    await this._reload(name);
  }

  async deleteModel(name: string): Promise<void> {
    await api.deleteModel(name);
    await this.models.refresh();
  }

  async deleteVersion(name: string, version: number): Promise<void> {
    await api.deleteVersion(name, version);
    await this.models.refresh();
  }

  private async _reload(name: string): Promise<void> {
    await this.models.take(api.getModel(name));
  }

  private _disposed = false;
  private readonly _chosen = new Map<string, number>();
  private readonly _chosenChanged = new Signal<this, string>(this);
}

/** Models that match the words typed, the one changed last on top. */
export function filterModels(items: readonly Model[], query: string): Model[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return items
    .filter(item => words.every(word => item.name.toLowerCase().includes(word)))
    .sort((a, b) => b.updated - a.updated);
}

/** The version to show: the one asked for, else the newest; undefined when there is none. */
export function pickVersion(model: Model, version: number | null): ModelVersionInfo | undefined {
  return model.versions.find(each => each.version === version) ?? model.versions[0];
}

/** What is wrong with a name; null when it can be used. */
export function nameProblem(name: string): string | null {
  return new RegExp(NAME_PATTERN).test(name) ? null : `A name has ${NAME_RULE}.`;
}

/** A model name made of an experiment's, as a suggestion. */
export function suggestName(run: Pick<RunInfo, 'experiment' | 'name'>): string {
  const clean = (text: string): string =>
    text
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 64)
      .replace(/[^A-Za-z0-9]+$/, '');
  return clean(run.experiment) || clean(run.name) || 'model';
}

/** Directories among a run's files that hold a model. */
export function modelPaths(files: readonly ArtifactInfo[]): string[] {
  return files
    .filter(file => !file.is_dir && /(^|\/)MLmodel$/.test(file.path))
    .map(file => file.path.replace(/\/?MLmodel$/, ''))
    .sort();
}

/** A signature as rows: position, name, type. */
export function signatureRows(version: ModelVersionInfo): { name: string; dtype: string }[] {
  const signature = version.signature;
  if (!signature) {
    return [];
  }
  // An array has one type for all its columns; a table has one for each.
  const shared = signature.dtypes.length === 1 ? signature.dtypes[0] : '';
  const count = Math.max(signature.features ?? 0, signature.names.length, signature.dtypes.length);
  return Array.from({ length: count }, (_, index) => ({
    name: signature.names[index] ?? `column ${index + 1}`,
    dtype: signature.dtypes[index] ?? shared,
  }));
}
