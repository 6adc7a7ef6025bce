import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { RunInfo, RunPage } from '../api/schema';
import type { IRunQuery } from './api';
import { RunList } from './runlist';
import { FakeLive, makeLargeRun, makeRun } from './testing';

const listRuns = vi.hoisted(() => vi.fn<(query: IRunQuery) => Promise<RunPage>>());
const getRun = vi.hoisted(() => vi.fn<(id: string) => Promise<RunInfo>>());
vi.mock('./api', () => ({ getRun, listRuns }));

const page = (ids: string[], next = '', total = ids.length): RunPage => ({
  runs: ids.map((id, index) => makeRun(id, { created: 100 - index })),
  next,
  total,
});

const ids = (list: RunList): string[] => list.items.map(run => run.id);

describe('RunList', () => {
  let live: FakeLive;

  beforeEach(() => {
    live = new FakeLive();
    listRuns.mockReset();
    getRun.mockReset();
  });

  it('appends pages and skips runs that moved from one page to the next', async () => {
    listRuns.mockResolvedValueOnce(page(['a', 'b'], 'T', 3));
    listRuns.mockResolvedValueOnce(page(['b', 'c'], '', 3));
    const list = new RunList({ live, query: { experiment: 1 } });
    await list.refresh();
    expect(list.more).toBe(true);
    await list.loadMore();
    expect(ids(list)).toEqual(['a', 'b', 'c']);
    expect(listRuns.mock.lastCall?.[0].page).toBe('T');
    expect(list.more).toBe(false);
    await list.loadMore();
    expect(listRuns).toHaveBeenCalledTimes(2);
  });

  it('puts a new run on top and replaces a known one in place', async () => {
    listRuns.mockResolvedValue(page(['a', 'b']));
    const list = new RunList({ live, query: { experiment: 1 } });
    await list.refresh();
    live.runUpdated(makeRun('new', { created: 200, status: 'running' }));
    live.runUpdated(makeRun('b', { name: 'renamed', created: 99 }));
    expect(ids(list)).toEqual(['new', 'a', 'b']);
    expect(list.items[2].name).toBe('renamed');
    expect(list.total).toBe(3);
  });

  it('ignores runs of other experiments and of pages not fetched', async () => {
    listRuns.mockResolvedValue(page(['a'], 'T', 50));
    const list = new RunList({ live, query: { experiment: 1 } });
    await list.refresh();
    live.runUpdated(makeRun('other', { experiment_id: 2, created: 300 }));
    live.runUpdated(makeRun('old', { created: 1 }));
    expect(ids(list)).toEqual(['a']);
  });

  it('drops runs that were deleted, by either kind of event', async () => {
    listRuns.mockResolvedValue(page(['a', 'b', 'c']));
    const list = new RunList({ live, query: { experiment: 1 } });
    await list.refresh();
    live.runUpdated(makeRun('a', { deleted: true }));
    live.changed.emit([{ domain: 'run', id: 'b', op: 'deleted', item: null, omitted: [] }]);
    expect(ids(list)).toEqual(['c']);
    expect(list.total).toBe(1);
  });

  it('counts new runs instead of guessing their place in another order', async () => {
    listRuns.mockResolvedValue(page(['a']));
    const list = new RunList({ live, query: { experiment: 1, orderBy: 'metric.loss' } });
    await list.refresh();
    live.runUpdated(makeRun('new', { status: 'running', created: 300 }));
    live.runUpdated(makeRun('new', { status: 'running', created: 300 }));
    expect(ids(list)).toEqual(['a']);
    expect(list.fresh).toBe(1);
    await list.refresh();
    expect(list.fresh).toBe(0);
  });

  it('applies what was told while the answer was on its way', async () => {
    let answer: (value: RunPage) => void = () => undefined;
    listRuns.mockReturnValue(new Promise(resolve => (answer = resolve)));
    const list = new RunList({ live, query: { experiment: 1 } });
    const loaded = list.refresh();
    live.runUpdated(makeRun('a', { status: 'failed' }));
    answer(page(['a']));
    await loaded;
    expect(list.items[0].status).toBe('failed');
  });

  it('answers only the last of two queries', async () => {
    let first: (value: RunPage) => void = () => undefined;
    listRuns.mockReturnValueOnce(new Promise(resolve => (first = resolve)));
    listRuns.mockResolvedValueOnce(page(['match']));
    const list = new RunList({ live, query: { experiment: 1 } });
    const old = list.refresh();
    await list.setQuery({ q: 'match' });
    first(page(['stale']));
    await old;
    expect(ids(list)).toEqual(['match']);
  });

  it('keeps its rows when a refresh fails, and says why', async () => {
    listRuns.mockResolvedValueOnce(page(['a']));
    listRuns.mockRejectedValueOnce(new Error('no answer'));
    const list = new RunList({ live, query: { experiment: 1 } });
    await list.refresh();
    await list.refresh();
    expect(ids(list)).toEqual(['a']);
    expect(list.state).toBe('error');
    expect(list.error?.message).toBe('no answer');
  });

  it('shows a large run live, and fetches its new values once', async () => {
    listRuns.mockResolvedValue({ runs: [makeLargeRun('a', 1), makeRun('b')], next: '', total: 2 });
    getRun.mockResolvedValue(makeLargeRun('a', 2, { status: 'finished' }));
    const list = new RunList({ live, query: { experiment: 1 } });
    await list.refresh();
    live.largeUpdated(makeLargeRun('a', 2));
    live.largeUpdated(makeLargeRun('a', 2, { status: 'finished' }));
    expect(list.items[0].status).toBe('finished');
    expect(list.items[0].metrics['metric7'].last).toBe(1);
    await vi.waitFor(() => expect(list.items[0].metrics['metric7'].last).toBe(2));
    expect(getRun).toHaveBeenCalledTimes(1);
    list.dispose();
  });

  it('does not fetch a large run that it does not show', async () => {
    listRuns.mockResolvedValue({ runs: [makeRun('b')], next: 'T', total: 9 });
    const list = new RunList({ live, query: { experiment: 1 } });
    await list.refresh();
    live.largeUpdated(makeLargeRun('a', 2, { experiment_id: 2, created: 900 }));
    live.largeUpdated(makeLargeRun('a', 2, { created: 1 }));
    expect(list.items.map(run => run.id)).toEqual(['b']);
    expect(getRun).not.toHaveBeenCalled();
    list.dispose();
  });
});
