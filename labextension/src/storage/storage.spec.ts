import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';

import type {
  Change,
  StorageCleaned,
  StorageFreed,
  StorageKind,
  StoragePart,
  StorageUsage,
} from '../api/schema';
import { Cleaning, keptOf } from './cleaning';
import { bySize, canGo, counted, StorageModel, totalOf } from './model';

function usage(differences: Partial<StorageUsage> = {}): StorageUsage {
  return {
    parts: [],
    disks: [],
    measured: null,
    measuring: null,
    cleaning: null,
    budget: 0,
    ...differences,
  };
}

function part(kind: StorageKind, bytes: number, can_go = 0): StoragePart {
  return {
    kind,
    title: kind,
    unit: 'run/runs',
    bytes,
    count: 1,
    can_go,
    can_go_count: can_go ? 1 : 0,
    why: '',
    cleans: true,
    partial: false,
    problem: '',
    measured: 1,
  };
}

function freed(kind: StorageKind, bytes: number, kept = 0): StorageFreed {
  const items = Array.from({ length: kept }, (_, index) => ({
    name: `${kind} ${index}`,
    bytes: 1,
    used: null,
    why: 'Somebody uses it.',
  }));
  return { kind, title: kind, bytes, count: bytes ? 1 : 0, items: [], kept: items, problem: '' };
}

function answer(parts: StorageFreed[]): StorageCleaned {
  const bytes = parts.reduce((sum, each) => sum + each.bytes, 0);
  return { dry_run: false, bytes, freed: parts, finished: 0 };
}

/** Lets what is under way come to its end. */
const settle = (): Promise<void> => new Promise(done => setTimeout(done));

describe('StorageModel', () => {
  const changed = new Signal<unknown, readonly Change[]>({});
  const resync = new Signal<unknown, void>({});
  const asked: boolean[] = [];
  let give: () => Promise<StorageUsage> = async () => usage();

  const made = (): StorageModel => {
    asked.length = 0;
    give = async () => usage();
    return new StorageModel({
      live: { changed, resync } as never,
      load: refresh => {
        asked.push(refresh);
        return give();
      },
    });
  };
  const tell = (item: StorageUsage): void =>
    changed.emit([{ domain: 'storage', id: 'usage', op: 'updated', item, omitted: [] }]);

  it('has nothing measured before somebody looks', async () => {
    const model = made();
    resync.emit();
    tell(usage({ budget: 1 }));
    expect([asked, model.usage]).toEqual([[], null]);
    await model.ready();
    await model.ready();
    expect(asked).toEqual([false]);
    resync.emit();
    expect(asked).toEqual([false, false]);
  });

  it('takes what the server tells, and measures anew on request', async () => {
    const model = made();
    await model.ready();
    tell(usage({ parts: [part('runs', 5)] }));
    expect(model.usage?.parts).toHaveLength(1);
    await model.refresh();
    expect(asked).toEqual([false, true]);
  });

  it('prefers what was told to an answer that is older', async () => {
    const model = made();
    let finish: (found: StorageUsage) => void = () => undefined;
    give = () => new Promise(done => (finish = done));
    const ready = model.ready();
    tell(usage({ budget: 2 }));
    finish(usage({ budget: 1 }));
    await ready;
    expect(model.usage?.budget).toBe(2);
  });

  it('keeps what it knows when a request fails, and says why', async () => {
    const model = made();
    await model.ready();
    give = () => Promise.reject(new Error('lost'));
    await model.refresh();
    expect(model.usage).not.toBeNull();
    expect(model.error?.message).toBe('lost');
    tell(usage());
    expect(model.error).toBeNull();
  });
});

describe('parts', () => {
  const parts = [part('runs', 5, 2), part('files', 50), part('images', 10, 4)];

  it('are listed by size and summed up', () => {
    expect(bySize(parts).map(({ kind }) => kind)).toEqual(['files', 'images', 'runs']);
    expect(totalOf(parts)).toBe(65);
    expect(canGo(parts)).toBe(6);
  });

  it('count in their own unit', () => {
    expect(counted(part('runs', 1))).toBe('1 run');
    expect(counted({ ...part('runs', 1), count: 0 })).toBe('0 runs');
  });
});

describe('Cleaning', () => {
  const kinds: StorageKind[] = ['deleted_runs', 'images', 'logs'];
  const list = async (): Promise<StorageCleaned> =>
    answer([freed('deleted_runs', 100), freed('images', 300), freed('logs', 0)]);

  it('says which kind could not be cleaned', () => {
    const done = answer([{ ...freed('images', 0), problem: 'Docker does not answer.' }]);
    expect(keptOf(done).map(({ name, why }) => [name, why])).toEqual([
      ['images', 'Docker does not answer.'],
    ]);
  });

  it('leaves files of no run alone until somebody chooses them', async () => {
    const cleaning = new Cleaning({
      kinds: ['orphans', 'images'],
      list: async () => answer([freed('orphans', 100), freed('images', 300)]),
    });
    await settle();
    expect(cleaning.isChosen('orphans')).toBe(false);
    expect(cleaning.isChosen('images')).toBe(true);
  });

  it('offers what there is, the largest first, and chooses what comes back by itself', async () => {
    const cleaning = new Cleaning({ kinds, list });
    expect(cleaning.found).toBeNull();
    expect(cleaning.ready).toBe(false);
    await settle();
    expect(cleaning.found?.map(({ kind }) => kind)).toEqual(['images', 'deleted_runs']);
    expect(cleaning.isChosen('deleted_runs')).toBe(false);
    expect(cleaning.bytes).toBe(300);
  });

  it('chooses deleted runs when they were asked for', async () => {
    const cleaning = new Cleaning({
      kinds: ['deleted_runs'],
      list: async () => answer([freed('deleted_runs', 100)]),
    });
    await settle();
    expect(cleaning.bytes).toBe(100);
  });

  it('removes what is chosen, once', async () => {
    const removed: (readonly StorageKind[])[] = [];
    const remove = async (wanted: readonly StorageKind[]): Promise<StorageCleaned> => {
      removed.push(wanted);
      return answer([freed('deleted_runs', 100, 2)]);
    };
    const cleaning = new Cleaning({ kinds, list, remove });
    await settle();
    cleaning.choose('deleted_runs', true);
    cleaning.choose('images', false);
    const both = [cleaning.submit(), cleaning.submit()];
    expect(cleaning.busy).toBe(true);
    expect(await Promise.all(both)).toEqual([true, false]);
    expect(removed).toEqual([['deleted_runs']]);
    expect(keptOf(cleaning.done as StorageCleaned)).toHaveLength(2);
    expect(cleaning.ready).toBe(false);
  });

  it('says why it failed, and can be tried again', async () => {
    let fails = true;
    const maybe = async (): Promise<StorageCleaned> => {
      if (fails) {
        throw new Error('lost');
      }
      return list();
    };
    const cleaning = new Cleaning({ kinds, list: maybe, remove: maybe });
    await settle();
    expect(cleaning.error?.message).toBe('lost');
    fails = false;
    await cleaning.load();
    fails = true;
    expect(await cleaning.submit()).toBe(false);
    expect([cleaning.error?.message, cleaning.busy, cleaning.ready]).toEqual(['lost', false, true]);
  });
});
