import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import type { EngineInfo, Status } from '../api/schema';
import type { Field, Values } from '../ui/fields';
import { InstanceForm } from './form';

const trans = nullTranslator.load('modelyard');

const DOCKER: EngineInfo = {
  name: 'docker',
  available: true,
  version: '20.10',
  message: 'Docker 20.10',
  hint: '',
  cpus: 8,
  memory: 2 ** 34,
  gpus: 2,
  isolated: true,
  instances: true,
};
const LOCAL: EngineInfo = {
  ...DOCKER,
  name: 'process',
  message: 'Local processes',
  gpus: 0,
  isolated: false,
};

const JOBS: EngineInfo = { ...DOCKER, name: 'slurm', instances: false };

function form(engines: EngineInfo[], engine = DOCKER): InstanceForm {
  const sizes = [{ name: 'small', cpus: 1, memory: 2 ** 30, description: '' }];
  const status = { engine, engines, sizes, default_size: 'small' };
  return new InstanceForm(status as unknown as Status, [], trans);
}

function field(of: InstanceForm, name: string, values: Values): Field | undefined {
  const found = of.fields.find(each => each.name === name);
  return found && { ...found, ...found.adapt?.(values) };
}

describe('InstanceForm', () => {
  it('lets the user choose among the engines that answer', () => {
    const both = form([DOCKER, LOCAL]);
    expect(field(both, 'engine', both.initial)?.options).toEqual([
      { value: 'docker', label: 'Docker container' },
      { value: 'process', label: 'Local process (no isolation)' },
    ]);
    expect(both.initial.engine).toBe('docker');
    expect(both.request({ ...both.initial, engine: 'process' }).engine).toBe('process');
  });

  it('offers no engine that takes no instances', () => {
    const two = form([DOCKER, LOCAL, JOBS], JOBS);
    expect(field(two, 'engine', two.initial)?.options).toMatchObject([
      { value: 'docker' },
      { value: 'process' },
    ]);
    expect(two.initial.engine).toBe('docker');
    expect(form([DOCKER, JOBS], JOBS).initial.engine).toBe('docker');
    expect(form([JOBS], JOBS).initial.engine).toBe('');
  });

  it('begins with the default of the server, whatever its place', () => {
    expect(form([DOCKER, LOCAL], LOCAL).initial.engine).toBe('process');
  });

  it.each([
    ['no list', []],
    ['one engine', [DOCKER]],
    ['one that answers', [DOCKER, { ...LOCAL, available: false }]],
  ])('offers no choice with %s, and leaves it to the server', (_, engines) => {
    const one = form(engines);
    expect(field(one, 'engine', one.initial)).toBeUndefined();
    expect(one.request(one.initial).engine).toBe('');
  });

  it('asks for what the chosen engine can', () => {
    const both = form([DOCKER, LOCAL]);
    const onDocker = { ...both.initial, gpus: 2, image: 'python:3.12' };
    expect(field(both, 'gpus', onDocker)).toMatchObject({ disabled: false, max: 2 });
    expect(field(both, 'image', onDocker)?.disabled).toBe(false);
    expect(both.validate(onDocker).gpus).toBe('');

    const local = both.derive({ ...onDocker, engine: 'process' }, 'engine');
    expect(local).toMatchObject({ gpus: 0, image: '' });
    expect(field(both, 'gpus', local)?.disabled).toBe(true);
    expect(field(both, 'image', local)?.disabled).toBe(true);
    expect(both.validate({ ...local, gpus: 1 }).gpus).not.toBe('');
  });

  it('says nothing of GPUs where there are none', () => {
    const names = form([{ ...DOCKER, gpus: 0 }, LOCAL], LOCAL).fields.map(({ name }) => name);
    expect(names).toEqual(['name', 'engine', 'size', 'image']);
  });

  it('asks how GPUs are taken once some are wanted', () => {
    const both = form([DOCKER, LOCAL]);
    const wanted = { ...both.initial, gpus: 1, shared: true, queue: true };
    expect(field(both, 'shared', wanted)?.hidden).toBe(false);
    expect(both.request(wanted)).toMatchObject({ gpus: 1, shared: true, queue: true });

    const none = { ...wanted, gpus: 0 };
    expect(field(both, 'queue', none)?.hidden).toBe(true);
    expect(both.request(none)).toMatchObject({ gpus: 0, shared: false, queue: false });
  });

  it('renames with the GPUs only what it named itself', () => {
    const both = form([DOCKER, LOCAL]);
    expect(both.derive({ ...both.initial, gpus: 1 }, 'gpus').name).toBe('gpu-1');
    const typed = { ...both.initial, name: 'mine', gpus: 1 };
    expect(both.derive(typed, 'gpus').name).toBe('mine');
  });
});
