import type { IStateDB } from '@jupyterlab/statedb';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import type { SectionState } from '../ui/section';
import type { ISidebar, SidebarAction, SidebarSection } from './tokens';

const KEY = 'modelyard:sections';

/** The sections in the order of their ranks. */
export class Sections implements ISidebar {
  /** Emitted when a section or an action was added or removed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get all(): readonly SidebarSection[] {
    return this._all;
  }

  addSection(section: SidebarSection): IDisposable {
    this._all = [...this._all, section].sort((a, b) => a.rank - b.rank);
    this._changed.emit();
    return new DisposableDelegate(() => {
      this._all = this._all.filter(other => other !== section);
      this._changed.emit();
    });
  }

  /** The buttons in the panel's head, in the order of their ranks. */
  get actions(): readonly SidebarAction[] {
    return this._actions;
  }

  addAction(action: SidebarAction): IDisposable {
    this._actions = [...this._actions, action].sort((a, b) => a.rank - b.rank);
    this._changed.emit();
    return new DisposableDelegate(() => {
      this._actions = this._actions.filter(other => other !== action);
      this._changed.emit();
    });
  }

  private _all: readonly SidebarSection[] = [];
  private _actions: readonly SidebarAction[] = [];
  private readonly _changed = new Signal<this, void>(this);
}

/** What is unfolded, as far as that differs from the first day, kept in JupyterLab's state database. */
export class StoredSectionState implements SectionState {
  constructor(private readonly _db: Pick<IStateDB, 'fetch' | 'save'> | null) {}

  /** Read what was kept; without it, everything is as on the first day. Never rejects. */
  async load(): Promise<void> {
    try {
      const kept = await this._db?.fetch(KEY);
      if (typeof kept === 'object' && kept !== null && !Array.isArray(kept)) {
        this._open = new Map(Object.entries(kept).map(([id, open]) => [id, Boolean(open)]));
      }
    } catch (error) {
      console.warn('Modelyard: the state of the sidebar could not be read.', error);
    }
  }

  isOpen(id: string, initial: boolean): boolean {
    return this._open.get(id) ?? initial;
  }

  setOpen(id: string, open: boolean, initial: boolean): void {
    if (open === initial) {
      this._open.delete(id);
    } else {
      this._open.set(id, open);
    }
    void this._db?.save(KEY, Object.fromEntries(this._open));
  }

  private _open = new Map<string, boolean>();
}
