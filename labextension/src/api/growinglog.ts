import type { IDisposable } from '@lumino/disposable';

import { Remote } from './observable';
import { Polling } from './polling';
import { ApiError } from './request';
import type { LogText } from './schema';

/** Milliseconds between an answer and the next question, while somebody looks. */
const EVERY = 2_000;

/** Characters kept in the browser, about. */
const MOST_KEPT = 1_000_000;

/** Characters of a block, about: what is drawn again when the log grows. */
const BLOCK = 16_384;

/** Bytes of an answer that is hardly the last: the server sends 1 MiB at most. */
const LARGE = 1 << 19;

/** Where to read: the last lines, or from a byte on. */
export type LogPlace = { tail: number } | { offset: number };

export interface GrowingLogOptions {
  read: (place: LogPlace) => Promise<LogText>;
  /** Lines to begin with. */
  tail: number;
  every?: number;
  kept?: number;
}

/** Some lines; it keeps its number while others come and go. */
export interface LogBlock {
  id: number;
  text: string;
}

/**
 * The end of a log that grows. Its last lines are read once, then only what is new. It is text in
 * blocks, so that a view adds to what it has drawn and the reader's place stays when old ones go.
 */
export class GrowingLog extends Remote {
  constructor(private readonly _options: GrowingLogOptions) {
    super();
    this._polling = new Polling({
      ask: () => this.refresh(),
      every: _options.every ?? EVERY,
      // Where nobody counts bytes, each answer is all of the end: that is read when asked for.
      goesOn: () => this._next > 0 || this._blocks.length === 0,
    });
  }

  get blocks(): readonly LogBlock[] {
    return this._blocks;
  }

  get text(): string {
    return this._blocks.map(({ text }) => text).join('');
  }

  /** Something comes before it that is not shown. */
  get truncated(): boolean {
    return this._truncated;
  }

  /** The server answered once. */
  get loaded(): boolean {
    return this._loaded;
  }

  /** Read what was written since; a call while one is under way makes that one look again. */
  refresh(): Promise<void> {
    this._again = true;
    this._reading ??= this._read().finally(() => (this._reading = null));
    return this._reading;
  }

  /** Read on again and again until the answer is disposed of. */
  watch(): IDisposable {
    return this._polling.watch();
  }

  override dispose(): void {
    this._polling.dispose();
    super.dispose();
  }

  private async _read(): Promise<void> {
    while (this._again && !this.isDisposed) {
      this._again = false;
      try {
        const { _next: offset, _options: options } = this;
        this._take(await options.read(offset > 0 ? { offset } : { tail: options.tail }));
        this._error = null;
        this._loaded = true;
      } catch (error) {
        this._error = ApiError.from(error);
      }
      this.emit();
    }
  }

  private _take(piece: LogText): void {
    const isOther = this._next > 0 && piece.source !== this._source;
    if (isOther) {
      // Of another log, the byte that was asked for means nothing: begin with its last lines.
      this._next = 0;
      this._again = true;
      return;
    }
    if (this._next === 0 || piece.offset !== this._next) {
      this._blocks = [];
      this._truncated = piece.truncated;
    }
    this._again ||= piece.next - piece.offset >= LARGE && this._next > 0;
    this._next = piece.next;
    this._source = piece.source;
    this._append(piece.text);
  }

  private _append(added: string): void {
    const blocks = [...this._blocks];
    const last = blocks.at(-1);
    let rest = added;
    if (last && rest && !isFull(last.text)) {
      blocks.pop();
      rest = last.text + rest;
      this._made = last.id; // it goes on under its number
    }
    while (rest) {
      const cut = endOfBlock(rest);
      blocks.push({ id: this._made++, text: rest.slice(0, cut) });
      rest = rest.slice(cut);
    }
    const most = this._options.kept ?? MOST_KEPT;
    let length = blocks.reduce((sum, { text }) => sum + text.length, 0);
    while (length > most && blocks.length > 1) {
      length -= blocks.shift()?.text.length ?? 0;
      this._truncated = true;
    }
    this._blocks = blocks;
  }

  private _blocks: readonly LogBlock[] = [];
  private _made = 0;
  private _truncated = false;
  private _loaded = false;
  private _next = 0;
  private _source = '';
  private _again = false;
  private _reading: Promise<void> | null = null;
  private readonly _polling: Polling;
}

/** Nothing is added to it any more: it is large, and its last line is whole or never ends. */
function isFull(text: string): boolean {
  return text.length >= 2 * BLOCK || (text.length >= BLOCK && text.endsWith('\n'));
}

/** Where to cut so that a block has whole lines, if they are not too long. */
function endOfBlock(text: string): number {
  const line = text.indexOf('\n', BLOCK - 1) + 1;
  return line > 0 && line <= 2 * BLOCK ? line : 2 * BLOCK;
}
