import { Signal } from '@lumino/signaling';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Collection, CollectionOptions } from './collection';
import type { Live } from './live';
import { ApiError } from './request';
import type { Change } from './schema';

interface Thing {
  id: string;
  value: number;
}

class FakeLive {
  readonly changed = new Signal<this, readonly Change[]>(this);
  readonly resync = new Signal<this, void>(this);

  update(item: Thing, domain = 'thing'): void {
    this.changed.emit([{ domain, id: item.id, op: 'updated', item, omitted: [] }]);
  }

  remove(id: string): void {
    this.changed.emit([{ domain: 'thing', id, op: 'deleted', item: null, omitted: [] }]);
  }
}

describe('Collection', () => {
  let live: FakeLive;
  let answer: () => Promise<Thing[]>;
  let loads: number;

  function make(more: Partial<CollectionOptions<Thing>> = {}): Collection<Thing> {
    return new Collection<Thing>({
      live: live as unknown as Live,
      domain: 'thing',
      key: thing => thing.id,
      load: () => {
        loads += 1;
        return answer();
      },
      ...more,
    });
  }

  beforeEach(() => {
    live = new FakeLive();
    loads = 0;
    answer = async () => [
      { id: 'a', value: 1 },
      { id: 'b', value: 2 },
    ];
  });

  it('fetches once, when it is first wanted', async () => {
    const things = make();
    live.update({ id: 'x', value: 0 });
    expect([loads, things.state]).toEqual([0, 'loading']);
    await Promise.all([things.ready(), things.ready()]);
    await things.ready();
    expect([loads, things.state]).toEqual([1, 'ready']);
    expect(things.items.map(thing => thing.id)).toEqual(['a', 'b']);
  });

  it('follows events of its domain', async () => {
    const things = make();
    await things.ready();
    live.update({ id: 'b', value: 3 });
    live.update({ id: 'c', value: 4 });
    live.update({ id: 'd', value: 5 }, 'other');
    live.remove('a');
    expect(things.items).toEqual([
      { id: 'b', value: 3 },
      { id: 'c', value: 4 },
    ]);
  });

  it('applies what happens while it is being fetched on top of the answer', async () => {
    let resolve: (things: Thing[]) => void = () => undefined;
    answer = () => new Promise(done => (resolve = done));
    const things = make();
    const ready = things.ready();
    live.update({ id: 'a', value: 9 });
    live.remove('b');
    resolve([
      { id: 'a', value: 1 },
      { id: 'b', value: 2 },
    ]);
    await ready;
    expect(things.items).toEqual([{ id: 'a', value: 9 }]);
  });

  it('takes the answer of the last fetch, whichever comes last', async () => {
    const resolves: ((things: Thing[]) => void)[] = [];
    answer = () => new Promise(done => resolves.push(done));
    const things = make();
    const both = [things.ready(), things.refresh()];
    resolves[1]([{ id: 'new', value: 1 }]);
    resolves[0]([{ id: 'old', value: 1 }]);
    await Promise.all(both);
    expect(things.items.map(thing => thing.id)).toEqual(['new']);
  });

  it('says why it could not be fetched, and can be fetched again', async () => {
    const error = new ApiError(503, { code: 'x', message: 'down', hint: '', field: '' });
    answer = () => Promise.reject(error);
    const things = make();
    await things.ready();
    expect([things.state, things.error]).toEqual(['error', error]);
    answer = async () => [];
    await things.refresh();
    expect([things.state, things.error]).toEqual(['ready', null]);
  });

  it('keeps what it shows when a later fetch fails', async () => {
    const things = make();
    await things.ready();
    answer = () => Promise.reject(new Error('down'));
    await things.refresh();
    expect(things.state).toBe('ready');
    expect(things.items).toHaveLength(2);
    expect(things.error?.message).toBe('down');
  });

  it('is fetched anew when events were missed, but not before it was ever wanted', async () => {
    const things = make();
    live.resync.emit();
    expect(loads).toBe(0);
    await things.ready();
    live.resync.emit();
    expect(loads).toBe(2);
  });

  it('sorts, and leaves out what does not belong', async () => {
    const things = make({
      compare: (a, b) => b.value - a.value,
      accept: thing => thing.value >= 0,
    });
    await things.ready();
    live.update({ id: 'c', value: 9 });
    live.update({ id: 'a', value: -1 });
    expect(things.items.map(thing => thing.id)).toEqual(['c', 'b']);
  });

  it('gives the same array until something changes', async () => {
    const things = make();
    await things.ready();
    const before = things.items;
    expect(things.items).toBe(before);
    things.upsert({ id: 'c', value: 1 });
    expect(things.items).not.toBe(before);
  });

  it('takes the answer to an action, unless an event of the item came first', async () => {
    const things = make();
    await things.ready();
    expect(await things.take(Promise.resolve({ id: 'a', value: 5 }))).toEqual({
      id: 'a',
      value: 5,
    });
    expect(things.get('a')?.value).toBe(5);

    // What there is little to do for is deleted before the browser reads that it will be.
    let resolve: (thing: Thing) => void = () => undefined;
    const answer = new Promise<Thing>(done => (resolve = done));
    const removed = things.take(answer);
    live.remove('a');
    live.update({ id: 'b', value: 7 });
    resolve({ id: 'a', value: 6 });
    expect(await removed).toEqual({ id: 'a', value: 6 });
    expect(things.items).toEqual([{ id: 'b', value: 7 }]);
    await expect(things.take(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    await things.take(Promise.resolve({ id: 'b', value: 8 }));
    expect(things.get('b')?.value).toBe(8);
  });

  it('fetches what came without some fields, and shows the rest of it at once', async () => {
    let resolve: (thing: Thing) => void = () => undefined;
    const things = make({ loadOne: () => new Promise(done => (resolve = done)) });
    await things.ready();
    const change = { domain: 'thing', op: 'updated', omitted: ['value'] };
    live.changed.emit([{ ...change, id: 'a', item: { id: 'a', value: 0, name: 'new' } }]);
    expect(things.get('a')).toEqual({ id: 'a', value: 1, name: 'new' });
    resolve({ id: 'a', value: 5 });
    await vi.waitFor(() => expect(things.get('a')).toEqual({ id: 'a', value: 5 }));
    things.dispose();
  });

  it('shows a new one that came without some fields when it is whole', async () => {
    let resolve: (thing: Thing) => void = () => undefined;
    const things = make({ loadOne: () => new Promise(done => (resolve = done)) });
    await things.ready();
    const change = { domain: 'thing', op: 'updated', omitted: ['value'] };
    live.changed.emit([{ ...change, id: 'c', item: { id: 'c', value: 0 } }]);
    expect(things.get('c')).toBeUndefined();
    resolve({ id: 'c', value: 7 });
    await vi.waitFor(() => expect(things.get('c')).toEqual({ id: 'c', value: 7 }));
    things.dispose();
  });

  it('hears nothing more once disposed of', async () => {
    const things = make();
    await things.ready();
    things.dispose();
    live.update({ id: 'c', value: 1 });
    expect(things.items).toHaveLength(2);
  });
});
