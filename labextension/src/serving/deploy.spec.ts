import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import type { EndpointInfo, EngineInfo, Model, Status } from '../api/schema';
import type { Field, Values } from '../ui/fields';
import { DeployForm, IDeployParts } from './deployForm';

const trans = nullTranslator.load('modelyard');
const DOCKER = { name: 'docker', available: true, isolated: true } as EngineInfo;
const LOCAL = { name: 'process', available: true, isolated: false } as EngineInfo;

const MODEL = { name: 'bc', versions: [{ version: 2, flavor: 'sklearn' }] } as Model;
const OLD = {
  name: 'old',
  engine: 'process',
  current: { model: 'bc', size: 'small' },
} as EndpointInfo;

function form(engines: EngineInfo[], endpoint: string | null = null): DeployForm {
  const parts = {
    trans,
    model: {
      endpoints: { items: [OLD] },
      find: (name: string) => (name === 'old' ? OLD : undefined),
    },
    models: { items: [MODEL], get: () => MODEL },
  };
  const status = { engine: engines[0], engines, sizes: [], default_size: 'small' };
  const start = { model: null, version: null, endpoint };
  return new DeployForm(parts as unknown as IDeployParts, start, status as unknown as Status);
}

function field(of: DeployForm, name: string, values: Values): Field | undefined {
  const found = of.options.fields.find(each => each.name === name);
  return found && { ...found, ...found.adapt?.(values) };
}

describe('DeployForm', () => {
  it('lets the user choose the engine of a new endpoint', () => {
    const both = form([DOCKER, LOCAL]);
    const { initial } = both.options;
    expect(initial).toMatchObject({ name: 'bc', version: '2', engine: 'docker' });
    expect(field(both, 'engine', initial)?.disabled).toBeFalsy();
    const local = { ...initial, engine: 'process' };
    expect(both.request(local).engine).toBe('process');
    expect(field(both, 'size', initial)?.help).toBeUndefined();
    expect(field(both, 'size', local)?.help).toContain('not a limit');
  });

  it.each([
    ['updated', form([DOCKER, LOCAL], 'old'), {}],
    ['named', form([DOCKER, LOCAL]), { name: 'old' }],
  ])('leaves an endpoint that is %s where it is', (_, of, changes) => {
    const values = { ...of.options.initial, ...changes };
    expect(field(of, 'engine', values)).toMatchObject({ disabled: true });
    expect(field(of, 'engine', values)?.help).toContain('Local processes');
    expect(of.request(values)).toMatchObject({ name: 'old', engine: '' });
  });

  it.each([
    ['one engine', [DOCKER]],
    ['one that answers', [DOCKER, { ...LOCAL, available: false }]],
  ])('offers no choice with %s', (_, engines) => {
    const one = form(engines);
    expect(field(one, 'engine', one.options.initial)).toBeUndefined();
    expect(one.request(one.options.initial).engine).toBe('');
  });
});
