import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { ArtifactInfo, HistoryInfo, RunInfo, RunLog } from '../api/schema';
import { ComparedRuns } from './compared';
import { Histories } from './histories';
import { LogTail } from './logtail';
import { RunPageModel } from './pagemodel';
import { RunModel } from './run';
import { FakeLive, makeLargeRun, makeRun } from './testing';
import { FileTree } from './tree';

const getLog = vi.hoisted(() => vi.fn<(id: string, offset: number) => Promise<RunLog>>());
const getHistory = vi.hoisted(() => vi.fn<(id: string, key: string) => Promise<HistoryInfo>>());
const getRun = vi.hoisted(() => vi.fn<(id: string) => Promise<RunInfo>>());
vi.mock('./api', () => ({ getLog, getHistory, getRun }));

const summary = (count: number) => ({ last: 1, min: 1, max: 1, step: 0, count });

const points = (count: number): HistoryInfo => ({
  key: 'loss',
  steps: Array.from({ length: count }, (_, step) => step),
  values: Array.from({ length: count }, () => 1),
  times: Array.from({ length: count }, () => 0),
  count,
});

beforeEach(() => {
  getLog.mockReset();
  getHistory.mockReset();
  getRun.mockReset();
});

describe('LogTail', () => {
  it('reads to the end, and on from there when the run reports a change', async () => {
    const pieces: Record<number, RunLog> = {
      0: { text: 'one\n', offset: 4, ended: false },
      4: { text: 'two\n', offset: 8, ended: false },
      8: { text: '', offset: 8, ended: false },
    };
    getLog.mockImplementation(async (_, offset) => pieces[offset]);
    const live = new FakeLive();
    const tail = new LogTail(live, 'a');
    await tail.read();
    expect(tail.text).toBe('one\ntwo\n');

    pieces[8] = { text: 'three\n', offset: 14, ended: false };
    pieces[14] = { text: '', offset: 14, ended: true };
    live.runUpdated(makeRun('other'));
    expect(getLog).toHaveBeenCalledTimes(3);
    live.runUpdated(makeRun('a'));
    await vi.waitFor(() => expect(tail.ended).toBe(true));
    expect(tail.text).toBe('one\ntwo\nthree\n');
  });

  it('keeps what it has when a read fails, and says why', async () => {
    getLog.mockResolvedValueOnce({ text: 'one\n', offset: 4, ended: false });
    getLog.mockRejectedValueOnce(new Error('gone'));
    const tail = new LogTail(new FakeLive(), 'a');
    await tail.read();
    expect(tail.text).toBe('one\n');
    expect(tail.error?.message).toBe('gone');
  });

  it('drops the beginning of a very long log at a line', async () => {
    const line = `${'x'.repeat(99)}\n`;
    getLog.mockResolvedValueOnce({ text: line.repeat(12_000), offset: 1, ended: true });
    getLog.mockResolvedValueOnce({ text: '', offset: 1, ended: true });
    const tail = new LogTail(new FakeLive(), 'a');
    await tail.read();
    expect(tail.truncated).toBe(true);
    expect(tail.text.startsWith('x'.repeat(99))).toBe(true);
    expect(tail.text.length % 100).toBe(0);
  });
});

describe('Histories', () => {
  it('fetch what is watched, and again only when there are new points', async () => {
    getHistory.mockResolvedValue(points(2));
    const histories = new Histories(new FakeLive());
    histories.watch('a', 'loss');
    await vi.waitFor(() => expect(histories.history('a', 'loss')?.count).toBe(2));

    histories.follow(makeRun('a', { metrics: { loss: summary(2) } }));
    expect(getHistory).toHaveBeenCalledTimes(1);
    getHistory.mockResolvedValue(points(5));
    histories.follow(makeRun('a', { metrics: { loss: summary(5) } }));
    await vi.waitFor(() => expect(histories.history('a', 'loss')?.count).toBe(5));
  });

  it('leave alone what nobody watches any more', async () => {
    getHistory.mockResolvedValue(points(1));
    const histories = new Histories(new FakeLive());
    const stop = histories.watch('a', 'loss');
    await vi.waitFor(() => expect(histories.history('a', 'loss')).not.toBeNull());
    stop();
    histories.follow(makeRun('a', { metrics: { loss: summary(9) } }));
    expect(getHistory).toHaveBeenCalledTimes(1);
  });

  it('ask for a few at a time', () => {
    getHistory.mockReturnValue(new Promise(() => undefined));
    const histories = new Histories(new FakeLive());
    for (let i = 0; i < 50; i++) {
      histories.watch('a', `metric${i}`);
    }
    expect(getHistory).toHaveBeenCalledTimes(4);
  });
});

describe('RunModel', () => {
  it('follows its run, and the name of its experiment', () => {
    const live = new FakeLive();
    const model = new RunModel(live, 'a');
    live.runUpdated(makeRun('a', { name: 'renamed' }));
    expect(model.run?.name).toBe('renamed');
    const change = { domain: 'experiment', op: 'updated', omitted: [] };
    live.changed.emit([{ ...change, id: '1', item: { id: 1, name: 'elsewhere' } }]);
    live.changed.emit([{ ...change, id: '2', item: { id: 2, name: 'other' } }]);
    expect(model.run?.experiment).toBe('elsewhere');
  });
});

describe('A run with 5,000 metrics', () => {
  let live: FakeLive;

  beforeEach(() => {
    live = new FakeLive();
  });

  it('is fetched once for a burst of events by its page, which shows the new values', async () => {
    getRun.mockResolvedValueOnce(makeLargeRun('a', 1));
    const page = new RunPageModel(live, 'a');
    await page.run.load();
    getRun.mockReset();
    getRun.mockResolvedValue(makeLargeRun('a', 2, { status: 'finished' }));
    for (let event = 0; event < 5; event++) {
      live.largeUpdated(makeLargeRun('a', 2));
    }
    live.largeUpdated(makeLargeRun('a', 2, { status: 'finished' }));
    // What the events say is shown at once, and nothing of it is empty meanwhile.
    expect(page.run.run?.status).toBe('finished');
    expect(page.run.run?.metrics['metric7'].last).toBe(1);
    await vi.waitFor(() => expect(page.run.run?.metrics['metric7'].last).toBe(2));
    expect(getRun).toHaveBeenCalledTimes(1);
    page.dispose();
  });

  it('is left alone by the pages of other runs', async () => {
    getRun.mockResolvedValueOnce(makeRun('a'));
    const page = new RunPageModel(live, 'a');
    await page.run.load();
    live.largeUpdated(makeLargeRun('b', 2));
    expect(getRun).toHaveBeenCalledTimes(1);
    page.dispose();
  });

  it('appears on a page that opens while it is being told of', async () => {
    let answer: (run: RunInfo) => void = () => undefined;
    getRun.mockReturnValueOnce(new Promise(done => (answer = done)));
    getRun.mockReturnValue(new Promise(() => undefined));
    const page = new RunPageModel(live, 'a');
    const loaded = page.run.load();
    live.largeUpdated(makeLargeRun('a', 2));
    expect(page.run.run).toBeNull();
    answer(makeLargeRun('a', 1));
    await loaded;
    expect(page.run.run?.metrics['metric7'].last).toBe(1);
    page.dispose();
  });

  it.each([
    ['page', () => new RunPageModel(live, 'a')],
    ['comparison', () => new ComparedRuns(live, ['a', 'b'])],
  ])('has charts on its %s that are refreshed', async (_, open) => {
    getRun.mockImplementation(async id => makeLargeRun(id, 1));
    getHistory.mockResolvedValue(points(1));
    const model = open();
    if (model instanceof RunPageModel) {
      await model.run.load();
    } else {
      model.load();
      await vi.waitFor(() => expect(model.runs).toHaveLength(2));
    }
    model.histories.watch('a', 'metric7');
    await vi.waitFor(() => expect(model.histories.history('a', 'metric7')?.count).toBe(1));
    expect(getHistory).toHaveBeenCalledTimes(1);

    getRun.mockImplementation(async id => makeLargeRun(id, 4));
    getHistory.mockResolvedValue(points(4));
    live.largeUpdated(makeLargeRun('a', 4));
    await vi.waitFor(() => expect(model.histories.history('a', 'metric7')?.count).toBe(4));
    expect(getHistory).toHaveBeenCalledTimes(2);
    model.dispose();
  });
});

describe('FileTree', () => {
  const info = (path: string, is_dir = false): ArtifactInfo => ({
    path,
    is_dir,
    size: 1,
    modified: null,
    sha256: '',
  });
  const folders: Record<string, ArtifactInfo[]> = {
    '': [info('z.txt'), info('model', true), info('a.txt')],
    model: [info('model/MLmodel'), info('model/data', true)],
    'model/data': [info('model/data/x.bin')],
  };

  it('lists directories first, opens them, and knows a model before it is opened', async () => {
    const tree = new FileTree(async path => [...folders[path]]);
    await tree.refresh();
    await vi.waitFor(() => expect(tree.rows()[0].isModel).toBe(true));
    expect(tree.rows().map(row => row.info.path)).toEqual(['model', 'a.txt', 'z.txt']);
    await tree.toggle('model');
    await tree.toggle('model/data');
    expect(tree.rows().map(row => [row.info.path, row.depth])).toEqual([
      ['model', 0],
      ['model/data', 1],
      ['model/data/x.bin', 2],
      ['model/MLmodel', 1],
      ['a.txt', 0],
      ['z.txt', 0],
    ]);
    await tree.toggle('model');
    expect(tree.rows()).toHaveLength(3);
  });
});
