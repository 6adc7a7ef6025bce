import { Remote } from '../api/observable';
import { ApiError } from '../api/request';
import type { ScoreReply } from '../api/schema';
import { score } from './api';
import { exampleBody, jsonProblem } from './snippets';

/** The "Try it" form of one endpoint: a request body, and what came back. */
export class TryIt extends Remote {
  constructor(readonly endpoint: string) {
    super();
  }

  /** The request body, as typed. */
  get text(): string {
    return this._text;
  }

  set text(text: string) {
    this._text = text;
    this._touched = true;
    this.emit();
  }

  /** What is wrong with the body; null when it can be sent. */
  get problem(): string | null {
    return jsonProblem(this._text);
  }

  get sending(): boolean {
    return this._sending;
  }

  get reply(): ScoreReply | null {
    return this._reply;
  }

  /** Begin with the model's own example, unless something was typed already. */
  prefill(example: unknown, features: number | null): void {
    if (!this._touched) {
      const text = JSON.stringify(exampleBody(example, features), null, 2);
      if (text !== this._text) {
        this._text = compact(text);
        this.emit();
      }
    }
  }

  /** Lay the body out anew. */
  format(): void {
    if (this.problem === null) {
      this.text = compact(JSON.stringify(JSON.parse(this._text), null, 2));
    }
  }

  async send(): Promise<void> {
    if (this._sending || this.problem !== null) {
      return;
    }
    this._sending = true;
    this._error = null;
    this.emit();
    try {
      this._reply = await score(this.endpoint, JSON.parse(this._text));
    } catch (error) {
      this._reply = null;
      this._error = ApiError.from(error);
    }
    this._sending = false;
    this.emit();
  }

  private _text = '{\n  "data": [[0]]\n}';
  private _touched = false;
  private _sending = false;
  private _reply: ScoreReply | null = null;
}

/** Indented JSON with each innermost list on one line: a row of numbers reads as a row. */
export function compact(text: string): string {
  return text.replace(/\[[^[\]{}"]*\]/g, list =>
    list.replace(/\s+/g, ' ').replace(/\[ | \]/g, trim),
  );
}

function trim(bracket: string): string {
  return bracket.trim();
}
