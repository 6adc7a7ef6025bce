import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { filled, Refetch } from './refetch';
import type { Change } from './schema';

interface Thing {
  id: string;
  state: string;
  values: number[];
}

const told = (id: string, state = 'told'): Change => ({
  domain: 'thing',
  id,
  op: 'updated',
  item: { id, state, values: [] },
  omitted: ['values'],
});

const thing = (id: string, state = 'read'): Thing => ({ id, state, values: [1, 2] });

describe('Refetch', () => {
  let asked: string[];
  let answers: ((item: Thing) => void)[];
  let got: Thing[];
  let refetch: Refetch<Thing>;

  beforeEach(() => {
    vi.useFakeTimers();
    [asked, answers, got] = [[], [], []];
    refetch = new Refetch<Thing>({
      load: id => {
        asked.push(id);
        return new Promise(done => answers.push(done));
      },
      put: item => got.push(item),
      apart: 100,
    });
  });

  afterEach(() => {
    refetch.dispose();
    vi.useRealTimers();
  });

  async function answer(item: Thing): Promise<void> {
    answers.shift()?.(item);
    await vi.advanceTimersByTimeAsync(0);
  }

  it('fetches a burst of changes once, and once more for those that came meanwhile', async () => {
    refetch.ask(told('a'));
    refetch.ask(told('a'));
    refetch.ask(told('a'));
    expect(asked).toEqual(['a']);
    await answer(thing('a'));
    refetch.ask(told('a'));
    expect(asked).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toEqual(['a', 'a']);
    await answer(thing('a'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toHaveLength(2);
  });

  it('asks for one object at a time, each in its turn', async () => {
    refetch.ask(told('a'));
    refetch.ask(told('b'));
    refetch.ask(told('a'));
    expect(asked).toEqual(['a']);
    await answer(thing('a'));
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toEqual(['a', 'b']);
    await answer(thing('b'));
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toEqual(['a', 'b', 'a']);
  });

  it('keeps what was told while the answer was on its way', async () => {
    refetch.ask(told('a', 'running'));
    refetch.ask(told('a', 'finished'));
    await answer(thing('a', 'running'));
    expect(got).toEqual([{ id: 'a', state: 'finished', values: [1, 2] }]);
  });

  it('drops an answer that something newer overtook', async () => {
    refetch.ask(told('a'));
    refetch.forget('a');
    await answer(thing('a'));
    expect(got).toEqual([]);
  });

  it('goes on after a request that failed', async () => {
    const failing = new Refetch<Thing>({
      load: vi.fn().mockRejectedValueOnce(new Error('down')).mockResolvedValue(thing('b')),
      put: item => got.push(item),
      apart: 100,
    });
    failing.ask(told('a'));
    failing.ask(told('b'));
    await vi.advanceTimersByTimeAsync(100);
    expect(got).toEqual([thing('b')]);
    failing.dispose();
  });

  it('asks and tells nothing once disposed of', async () => {
    refetch.ask(told('a'));
    refetch.ask(told('b'));
    refetch.dispose();
    await answer(thing('a'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect([asked, got]).toEqual([['a'], []]);
  });
});

describe('filled', () => {
  it('takes what was left out from what is known', () => {
    expect(filled(told('a', 'new'), thing('a', 'old'))).toEqual(thing('a', 'new'));
  });
});
