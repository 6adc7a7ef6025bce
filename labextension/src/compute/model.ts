import { Collection } from '../api/collection';
import type { LogPlace } from '../api/growinglog';
import type { Live } from '../api/live';
import { pathOf, Query, request } from '../api/request';
import {
  InstanceInfo,
  InstanceCreate,
  InstanceMove,
  InstanceUsage,
  LogText,
  NAME_PATTERN,
  NAME_RULE,
  Status,
  TerminalOpened,
} from '../api/schema';
import { takesInstances } from '../ui/engines';

/** The compute instances, live, and what can be done with them. */
export class ComputeModel {
  constructor(readonly live: Live) {
    this.instances = new Collection<InstanceInfo>({
      live,
      domain: 'compute',
      key: instance => instance.name,
      load: () => request<InstanceInfo[]>('/compute'),
      loadOne: name => request<InstanceInfo>(pathOf('compute', name)),
      compare: (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }),
    });
  }

  readonly instances: Collection<InstanceInfo>;

  /** Create an instance; it starts in the background. @throws ApiError */
  create(wanted: InstanceCreate): Promise<InstanceInfo> {
    return this._send('POST', '/compute', { body: wanted });
  }

  /** @throws ApiError */
  start(name: string): Promise<InstanceInfo> {
    return this._act(name, 'start', false);
  }

  /**
   * @param force end its kernels too; without it, live kernels are an error.
   * @throws ApiError
   */
  stop(name: string, force = false): Promise<InstanceInfo> {
    return this._act(name, 'stop', force);
  }

  /** See `stop`. */
  restart(name: string, force = false): Promise<InstanceInfo> {
    return this._act(name, 'restart', force);
  }

  /** Put a stopped one on another engine; whoever calls this has asked. @throws ApiError */
  move(name: string, engine: string): Promise<InstanceInfo> {
    const body: InstanceMove = { engine, force: true };
    return this._send('POST', pathOf('compute', name, 'move'), { body });
  }

  /** Delete it with what was installed on it; User files stay. See `stop`. */
  remove(name: string, force = false): Promise<InstanceInfo> {
    return this._send('DELETE', pathOf('compute', name), { query: { force } });
  }

  /** A piece of the container's log. @throws ApiError */
  log(name: string, place: LogPlace): Promise<LogText> {
    return request<LogText>(pathOf('compute', name, 'log'), { query: { ...place } });
  }

  /** What it occupies now. @throws ApiError */
  usage(name: string, signal?: AbortSignal): Promise<InstanceUsage> {
    return request<InstanceUsage>(pathOf('compute', name, 'usage'), { signal });
  }

  /** Open a Jupyter terminal on it and return the terminal's name. @throws ApiError */
  async openTerminal(name: string): Promise<string> {
    const path = pathOf('compute', name, 'terminal');
    return (await request<TerminalOpened>(path, { method: 'POST' })).name;
  }

  private _act(name: string, verb: string, force: boolean): Promise<InstanceInfo> {
    return this._send('POST', pathOf('compute', name, verb), { query: { force } });
  }

  private _send(
    method: 'POST' | 'DELETE',
    path: string,
    options: { body?: unknown; query?: Query },
  ): Promise<InstanceInfo> {
    return this.instances.take(request<InstanceInfo>(path, { method, ...options }));
  }
}

/** Whether it can be started now. */
export function canStart(instance: InstanceInfo): boolean {
  return instance.state === 'stopped' || instance.state === 'failed';
}

/** Whether it can be stopped now; also in the middle of a start that takes too long. */
export function canStop(instance: InstanceInfo): boolean {
  return ['running', 'starting', 'creating'].includes(instance.state);
}

/** Whether it can be put on another engine now: one that answers. */
export function canMove(instance: InstanceInfo, status: Status | null): boolean {
  const others = status?.engines.filter(
    each => takesInstances(each) && each.name !== instance.engine,
  );
  return instance.state === 'stopped' && Boolean(others?.length);
}

/** Why it does not start yet: others hold its GPUs; empty when it does not wait for that. */
export function waitsFor(instance: InstanceInfo): string {
  const { progress } = instance;
  return isMoving(instance) && progress?.phase === 'waiting' ? progress.message : '';
}

/** Why nothing can be done with it that its engine must do; empty when its engine answers. */
export function blockedBy(instance: InstanceInfo): string {
  if (instance.state !== 'unreachable') {
    return '';
  }
  return instance.error?.message || `The engine '${instance.engine}' does not answer.`;
}

/** The actions to offer; those of an unreachable instance are shown, but blocked. */
export function offered(instance: InstanceInfo): { run: boolean; start: boolean; stop: boolean } {
  const unreachable = instance.state === 'unreachable';
  const wanted = instance.desired === 'running';
  return {
    run: instance.state === 'running' || (unreachable && wanted),
    start: canStart(instance) || (unreachable && !wanted),
    stop: canStop(instance) || (unreachable && wanted),
  };
}

/** Whether something is being done with it. */
export function isMoving(instance: InstanceInfo): boolean {
  return ['creating', 'starting', 'stopping', 'deleting'].includes(instance.state);
}

/** The first free name of the kind: cpu-1, cpu-2, …, or gpu-1, … */
export function suggestName(taken: readonly string[], gpus = 0): string {
  const used = new Set(taken.map(name => name.toLowerCase()));
  const prefix = gpus > 0 ? 'gpu' : 'cpu';
  let number = 1;
  while (used.has(`${prefix}-${number}`)) {
    number += 1;
  }
  return `${prefix}-${number}`;
}

/** What is wrong with a name for a new instance; empty when nothing is. */
export function nameProblem(name: string, taken: readonly string[]): string {
  if (name === '') {
    return 'Give it a name.';
  }
  if (!new RegExp(NAME_PATTERN).test(name)) {
    return `Use ${NAME_RULE}.`;
  }
  if (taken.some(other => other.toLowerCase() === name.toLowerCase())) {
    return `There is already a compute instance '${name}'.`;
  }
  return '';
}
