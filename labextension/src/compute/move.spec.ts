import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import type { EngineInfo, InstanceInfo, Status } from '../api/schema';
import type { FormOptions } from '../ui/formmodel';
import { canMove } from './model';
import { moveForm } from './moveForm';

const trans = nullTranslator.load('modelyard');

const DOCKER = { name: 'docker', available: true, isolated: true, instances: true } as EngineInfo;
const LOCAL = { name: 'process', available: true, isolated: false, instances: true } as EngineInfo;
const JOBS = { ...DOCKER, name: 'slurm', instances: false } as EngineInfo;
const GONE = { name: 'attached', available: false, isolated: true, instances: true } as EngineInfo;

const instance = (differences: Partial<InstanceInfo> = {}): InstanceInfo =>
  ({ name: 'a', engine: 'docker', state: 'stopped', ...differences }) as InstanceInfo;

describe('canMove', () => {
  it.each([
    ['stopped, another engine answers', instance(), [DOCKER, LOCAL], true],
    ['it runs', instance({ state: 'running' }), [DOCKER, LOCAL], false],
    ['its engine is lost', instance({ state: 'unreachable' }), [DOCKER, LOCAL], false],
    ['the other one does not answer', instance(), [DOCKER, GONE], false],
    ['there is one engine', instance(), [DOCKER], false],
  ])('%s', (_, which, engines, expected) => {
    expect(canMove(which, { engines } as Status)).toBe(expected);
  });

  it('is not offered before anything is known', () => {
    expect(canMove(instance(), null)).toBe(false);
  });
});

describe('moveForm', () => {
  const sent: string[][] = [];
  const model = {
    move: async (name: string, engine: string) => {
      sent.push([name, engine]);
      return instance({ engine });
    },
  };
  const form = (on = 'docker'): FormOptions<InstanceInfo> =>
    moveForm(model, instance({ engine: on }), [DOCKER, LOCAL, GONE, JOBS], trans);

  it('offers the other engines that answer', () => {
    expect(form().fields[0].options).toMatchObject([{ value: 'process' }]);
    expect(form('process').fields[0].options).toMatchObject([{ value: 'docker' }]);
  });

  it('asks for a confirmation of that engine, and sends nothing without it', async () => {
    const { initial, validate, derive, submit } = form();
    expect(validate?.(initial).confirmed).not.toBe('');
    const confirmed = { ...initial, confirmed: true };
    expect(validate?.(confirmed).confirmed).toBe('');
    expect(derive?.(confirmed, 'engine').confirmed).toBe(false);
    expect(derive?.(confirmed, 'confirmed').confirmed).toBe(true);
    await submit(confirmed);
    expect(sent).toEqual([['a', 'process']]);
  });

  it('says what is given up where nothing is isolated', () => {
    const help = (of: FormOptions<InstanceInfo>): string | undefined =>
      of.fields[0].adapt?.(of.initial).help;
    expect(help(form())).toContain('the whole machine');
    expect(help(form('process'))).not.toContain('the whole machine');
  });
});
