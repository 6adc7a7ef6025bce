import type { TranslationBundle } from '@jupyterlab/translation';

import type { EngineInfo, InstanceInfo, Status } from '../api/schema';
import type { Field } from './fields';
import { plural } from './format';

/** The engines of the server, the default first. */
export function enginesOf(status: Pick<Status, 'engine' | 'engines'>): readonly EngineInfo[] {
  return [status.engine, ...status.engines.filter(({ name }) => name !== status.engine.name)];
}

/** Its name for people, short: 'Docker'. */
export function engineName(name: string, trans: TranslationBundle): string {
  const names: Record<string, string> = {
    docker: trans.__('Docker'),
    process: trans.__('Local processes'),
  };
  return names[name] ?? name;
}

/** Its name for people where there are several engines to be on, else nothing worth saying. */
export function engineWhenSeveral(
  name: string,
  status: Pick<Status, 'engine' | 'engines'> | null,
  trans: TranslationBundle,
): string {
  return status && enginesOf(status).length > 1 ? engineName(name, trans) : '';
}

/** Whether an instance can be put on it now. */
export function takesInstances(engine: EngineInfo): boolean {
  return engine.available && engine.instances;
}

/** The engines that answer, as the choice of a form: one alone is no choice. */
export function engineField(
  engines: readonly EngineInfo[],
  trans: TranslationBundle,
): Field | null {
  return engines.length < 2
    ? null
    : {
        name: 'engine',
        label: trans.__('Engine'),
        kind: 'cards',
        options: engines.map(({ name }) => ({ value: name, label: engineChoice(name, trans) })),
      };
}

/** What an object on it is: 'Docker container'. */
export function engineChoice(name: string, trans: TranslationBundle): string {
  const choices: Record<string, string> = {
    docker: trans.__('Docker container'),
    process: trans.__('Local process (no isolation)'),
  };
  return choices[name] ?? name;
}

/** Whether it answers, in one line: 'Docker: answers'. */
export function engineLine(engine: EngineInfo, trans: TranslationBundle): string {
  const name = engineName(engine.name, trans);
  return engine.available ? trans.__('%1: answers', name) : trans.__('%1: does not answer', name);
}

/**
 * What the status bar says: the engines with running instances, or the default where nothing runs,
 * and each that does not answer.
 */
export function engineSummary(
  engines: readonly EngineInfo[],
  trans: TranslationBundle,
  running: readonly Pick<InstanceInfo, 'engine'>[] = [],
): string {
  const countOn = ({ name }: EngineInfo): number =>
    running.filter(({ engine }) => engine === name).length;
  const isBusy = engines.some(engine => countOn(engine) > 0);
  return engines
    .filter((each, index) => !each.available || (isBusy ? countOn(each) > 0 : index === 0))
    .map(each => {
      const name = engineName(each.name, trans);
      const count = countOn(each);
      if (!each.available) {
        return trans.__('%1 unavailable', name);
      }
      return count > 0 ? `${name} · ${plural(count, 'instance')}` : name;
    })
    .join(' · ');
}
