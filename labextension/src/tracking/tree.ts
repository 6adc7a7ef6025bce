import { Remote } from '../api/observable';
import { ApiError } from '../api/request';
import type { ArtifactInfo } from '../api/schema';
import { baseName } from './files';

/** Directories of a level that are read before they are opened. */
const MOST_PEEKED = 20;

/** One visible line of the tree. */
export interface ITreeRow {
  info: ArtifactInfo;
  depth: number;
  open: boolean;
  loading: boolean;
  /** A directory that holds a model. */
  isModel: boolean;
}

/** A tree of files whose directories are read when they are opened. */
export class FileTree extends Remote {
  /**
   * @param list - Reads one directory.
   * @param root - The directory that the tree begins with.
   * @param preselect - Show the first file without being asked: few small ones, as of code.
   */
  constructor(
    private readonly list: (path: string) => Promise<ArtifactInfo[]>,
    readonly root = '',
    private readonly preselect = false,
  ) {
    super();
  }

  get loaded(): boolean {
    return this._children.has(this.root);
  }

  get selected(): ArtifactInfo | null {
    return this._selected;
  }

  /** Read the root and all that is open anew. */
  async refresh(): Promise<void> {
    await Promise.all([this.root, ...this._open].map(path => this._read(path)));
  }

  select(info: ArtifactInfo): void {
    this._selected = info;
    this.emit();
  }

  /** Open or close a directory. */
  async toggle(path: string): Promise<void> {
    if (this._open.delete(path)) {
      this.emit();
      return;
    }
    this._open.add(path);
    this.emit();
    if (!this._children.has(path)) {
      await this._read(path);
    }
  }

  /** The visible lines, directories first. */
  rows(): ITreeRow[] {
    return this._rows(this.root, 0);
  }

  private _rows(path: string, depth: number): ITreeRow[] {
    return (this._children.get(path) ?? []).flatMap(info => {
      const open = info.is_dir && this._open.has(info.path);
      const row = {
        info,
        depth,
        open,
        loading: open && !this._children.has(info.path),
        isModel: info.is_dir && isModelDirectory(this._children.get(info.path)),
      };
      return open ? [row, ...this._rows(info.path, depth + 1)] : [row];
    });
  }

  private async _read(path: string, peek = true): Promise<void> {
    try {
      const items = await this.list(path);
      items.sort((a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path));
      this._children.set(path, items);
      this._error = null;
      if (this.preselect && path === this.root) {
        this._selected ??= items.find(item => !item.is_dir) ?? null;
      }
      if (peek) {
        // One level ahead: opening feels instant, and model directories are known as such.
        const ahead = items.filter(item => item.is_dir).slice(0, MOST_PEEKED);
        void Promise.all(ahead.map(item => this._read(item.path, false)));
      }
    } catch (error) {
      this._error = ApiError.from(error);
    }
    this.emit();
  }

  private readonly _children = new Map<string, ArtifactInfo[]>();
  private readonly _open = new Set<string>();
  private _selected: ArtifactInfo | null = null;
}

function isModelDirectory(children: readonly ArtifactInfo[] | undefined): boolean {
  return (children ?? []).some(child => !child.is_dir && baseName(child.path) === 'MLmodel');
}
