import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Device, DeviceHolder, Status } from '../api/schema';
import { areGpus, deviceLabel, DevicesModel, strangers, usageOf } from './model';

const EVERY = 1000;

const HOLDER: DeviceHolder = {
  kind: 'instance',
  name: 'a',
  workspace: 'ours',
  shared: false,
  since: null,
};

function device(differences: Partial<Device> = {}): Device {
  return {
    id: 'GPU-1',
    name: 'H100',
    kind: 'nvidia',
    index: '0',
    memory: null,
    memory_used: null,
    utilisation: null,
    holders: [],
    processes: [],
    ...differences,
  };
}

describe('DevicesModel', () => {
  let asked = 0;
  let answer: () => Promise<Device[]>;
  const resync = new Signal<unknown, void>({});

  const models: DevicesModel[] = [];
  const made = (): DevicesModel => {
    const model = new DevicesModel({
      live: { resync, status: { workspace_id: 'ours' } as Status } as never,
      load: () => {
        asked += 1;
        return answer();
      },
      every: EVERY,
    });
    models.push(model);
    return model;
  };

  beforeEach(() => {
    vi.useFakeTimers();
    asked = 0;
    answer = async () => [device()];
  });

  afterEach(() => {
    vi.useRealTimers();
    models.forEach(model => model.dispose());
  });

  it('asks once by itself, and again only while somebody looks', async () => {
    const model = made();
    await model.ready();
    await model.ready();
    await vi.advanceTimersByTimeAsync(10 * EVERY);
    expect(asked).toBe(1);

    const [one, other] = [model.watch(), model.watch()];
    await vi.advanceTimersByTimeAsync(2 * EVERY);
    expect(asked).toBe(4); // at once, then twice
    one.dispose();
    await vi.advanceTimersByTimeAsync(EVERY);
    expect(asked).toBe(5);
    other.dispose();
    other.dispose();
    await vi.advanceTimersByTimeAsync(10 * EVERY);
    expect(asked).toBe(5);
  });

  it('has one question under way, however often somebody begins to look', async () => {
    let finish: (devices: Device[]) => void = () => undefined;
    answer = () => new Promise(done => (finish = done));
    const model = made();
    model.watch().dispose();
    const watching = model.watch();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toBe(1);
    finish([device()]);
    await vi.advanceTimersByTimeAsync(EVERY);
    expect(asked).toBe(2);
    finish([]);
    watching.dispose();
    await vi.advanceTimersByTimeAsync(10 * EVERY);
    expect(asked).toBe(2);
  });

  it('keeps what it knows when a question fails, and says why', async () => {
    const model = made();
    await model.ready();
    answer = () => Promise.reject(new Error('lost'));
    await model.refresh();
    expect(model.devices).toHaveLength(1);
    expect(model.error?.message).toBe('lost');
    answer = async () => [];
    await model.refresh();
    expect([model.devices, model.error]).toEqual([[], null]);
  });

  it('asks again when events were missed, if anybody ever asked', async () => {
    const model = made();
    resync.emit();
    expect(asked).toBe(0);
    await model.ready();
    resync.emit();
    expect(asked).toBe(2);
  });

  it('knows the holders that can be opened here', () => {
    const model = made();
    expect(model.isOurs(HOLDER)).toBe(true);
    expect(model.isOurs({ ...HOLDER, workspace: 'other' })).toBe(false);
  });
});

describe('a device', () => {
  it('is called as people call it', () => {
    expect(deviceLabel(device({ index: '0:1' }))).toBe('GPU 0:1');
    expect(deviceLabel(device({ kind: 'path', id: 'amd0' }))).toBe('amd0');
    expect(areGpus([device(), device({ kind: 'path' })])).toBe(false);
  });

  it('is free, held, shared, or used by programs that nobody here started', () => {
    const program = { pid: 7, name: 'python', memory: null };
    const shared = { ...HOLDER, shared: true };
    expect(usageOf(device())).toBe('free');
    expect(usageOf(device({ holders: [HOLDER] }))).toBe('held');
    expect(usageOf(device({ holders: [shared, shared] }))).toBe('shared');
    expect(usageOf(device({ processes: [program] }))).toBe('in use');
    expect(strangers(device({ processes: [program] }))).toEqual([program]);
    expect(strangers(device({ holders: [HOLDER], processes: [program] }))).toEqual([]);
  });
});
