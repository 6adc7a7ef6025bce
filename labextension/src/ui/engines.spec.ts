import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import type { EngineInfo, Status } from '../api/schema';
import { engineLine, engineSummary, enginesOf } from './engines';

const trans = nullTranslator.load('modelyard');

const engine = (name: string, available = true): EngineInfo =>
  ({ name, available, message: '', hint: '', cpus: 4, memory: 1, gpus: 0 }) as EngineInfo;

describe('engines', () => {
  it('are all that there are, the default first', () => {
    const [docker, local] = [engine('docker'), engine('process')];
    const alone: Pick<Status, 'engine' | 'engines'> = { engine: docker, engines: [] };
    expect(enginesOf(alone)).toEqual([docker]);
    expect(enginesOf({ engine: local, engines: [docker, local] })).toEqual([local, docker]);
  });

  it('say each whether they answer', () => {
    expect(engineLine(engine('docker', false), trans)).toBe('Docker: does not answer');
    expect(engineLine(engine('process'), trans)).toBe('Local processes: answers');
  });

  it('are summed up as the default and those that are lost', () => {
    const docker = engine('docker');
    expect(engineSummary([docker, engine('process')], trans)).toBe('Docker');
    expect(engineSummary([engine('docker', false), engine('process')], trans)).toBe(
      'Docker unavailable',
    );
    expect(engineSummary([engine('process'), engine('docker', false)], trans)).toBe(
      'Local processes · Docker unavailable',
    );
  });

  it('are summed up as those that instances run on', () => {
    const [docker, local] = [engine('docker'), engine('process')];
    const on = (...names: string[]): { engine: string }[] => names.map(name => ({ engine: name }));
    expect(engineSummary([docker, local], trans, on('process'))).toBe(
      'Local processes · 1 instance',
    );
    expect(engineSummary([docker, local], trans, on('docker', 'process', 'docker'))).toBe(
      'Docker · 2 instances · Local processes · 1 instance',
    );
    expect(engineSummary([local, engine('docker', false)], trans, on('process'))).toBe(
      'Local processes · 1 instance · Docker unavailable',
    );
  });
});
