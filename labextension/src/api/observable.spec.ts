import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';

import { Observable, Remote } from './observable';
import { ApiError } from './request';

class Counter extends Remote {
  constructor(source: Signal<object, void>) {
    super();
    source.connect(this._onChanged, this);
  }

  count = 0;

  fail(): void {
    this._error = ApiError.from(new Error('no answer'));
    this.emit();
  }

  private _onChanged(): void {
    this.count += 1;
    this.emit();
  }
}

describe('Observable', () => {
  it('tells of its changes, and hears and tells nothing once it is disposed of', () => {
    const source = new Signal<object, void>({});
    const counter = new Counter(source);
    let told = 0;
    counter.changed.connect(() => (told += 1));
    source.emit();
    expect([counter.count, told, counter.isDisposed]).toEqual([1, 1, false]);

    counter.dispose();
    source.emit();
    // Who listens afterwards, a view on its way out for example, is not called either.
    counter.changed.connect(() => (told += 1));
    counter.fail();
    expect([counter.count, told, counter.isDisposed]).toEqual([1, 1, true]);
  });

  it('keeps the sender that a listener gets', () => {
    const counter = new Counter(new Signal<object, void>({}));
    let sender: Observable | null = null;
    counter.changed.connect(from => (sender = from));
    counter.fail();
    expect(sender).toBe(counter);
  });
});

describe('Remote', () => {
  it('knows why a request failed', () => {
    const counter = new Counter(new Signal<object, void>({}));
    expect(counter.error).toBeNull();
    counter.fail();
    expect(counter.error?.message).toBe('no answer');
  });
});
