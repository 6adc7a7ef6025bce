import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';

import type { InstanceInfo } from '../api/schema';
import { KernelspecRefresher } from './kernelspecs';
import { blockedBy, canStart, canStop, nameProblem, offered, suggestName, waitsFor } from './model';

function instance(name: string, state: InstanceInfo['state'] = 'running'): InstanceInfo {
  return { name, state } as InstanceInfo;
}

describe('suggestName', () => {
  it('takes the first free number', () => {
    expect(suggestName([])).toBe('cpu-1');
    expect(suggestName(['CPU-1', 'cpu-3'])).toBe('cpu-2');
    expect(suggestName(['cpu-1'], 2)).toBe('gpu-1');
  });
});

describe('nameProblem', () => {
  it.each(['cpu-1', 'a', 'Team_a.gpu-2', 'x'.repeat(64)])('accepts %s', name => {
    expect(nameProblem(name, [])).toBe('');
  });

  it.each(['', 'a/b', '-a', 'a-', 'ä', 'a b', 'x'.repeat(65)])('refuses “%s”', name => {
    expect(nameProblem(name, [])).not.toBe('');
  });

  it('refuses a name that is taken, whatever its case', () => {
    expect(nameProblem('CPU-1', ['cpu-1'])).toContain('already');
  });
});

describe('an instance that waits for GPUs', () => {
  const progress = { phase: 'waiting', message: 'Waits for 1 GPU', fraction: null, since: 1 };

  it('says for whom, while it is to start', () => {
    expect(waitsFor({ ...instance('a', 'creating'), progress })).toBe('Waits for 1 GPU');
    expect(waitsFor({ ...instance('a', 'creating'), progress: { ...progress, phase: 'x' } })).toBe(
      '',
    );
    expect(waitsFor({ ...instance('a', 'failed'), progress })).toBe('');
  });
});

describe('what can be done', () => {
  it('depends on the state', () => {
    const states = ['running', 'creating', 'stopped', 'failed', 'stopping', 'deleting'] as const;
    expect(states.filter(state => canStart(instance('a', state)))).toEqual(['stopped', 'failed']);
    expect(states.filter(state => canStop(instance('a', state)))).toEqual(['running', 'creating']);
  });

  it('is shown but blocked while its engine does not answer', () => {
    const error = {
      code: 'engine_unavailable',
      message: 'Docker does not answer.',
      hint: '',
      field: '',
    };
    const lost = {
      ...instance('a', 'unreachable'),
      engine: 'docker',
      desired: 'running',
    } as InstanceInfo;
    expect(offered(lost)).toEqual({ run: true, start: false, stop: true });
    expect(offered({ ...lost, desired: 'stopped' })).toEqual({
      run: false,
      start: true,
      stop: false,
    });
    expect([canStart(lost), canStop(lost)]).toEqual([false, false]);
    expect(blockedBy({ ...lost, error })).toBe('Docker does not answer.');
    expect(blockedBy(lost)).toContain('docker');
    expect(blockedBy(instance('a'))).toBe('');
  });
});

describe('KernelspecRefresher', () => {
  it('fetches kernels when an instance begins or ceases to run, and not otherwise', () => {
    const instances = {
      state: 'ready' as const,
      items: [instance('a', 'creating')] as readonly InstanceInfo[],
      changed: new Signal<object, void>({}),
    };
    let fetched = 0;
    const specs = { refreshSpecs: async () => void (fetched += 1) };
    new KernelspecRefresher(instances as never, specs);
    const become = (...items: InstanceInfo[]): number => {
      instances.items = items;
      instances.changed.emit();
      return fetched;
    };
    expect(become(instance('a', 'creating'))).toBe(0);
    expect(become(instance('a', 'starting'))).toBe(0);
    expect(become(instance('a', 'running'))).toBe(1);
    expect(become(instance('a', 'running'))).toBe(1);
    expect(become(instance('a', 'stopped'))).toBe(2);
    expect(become()).toBe(3);
  });
});
