import { IDisposable } from '@lumino/disposable';

import { Collection } from '../api/collection';
import type { Live } from '../api/live';
import type {
  Deployment,
  DeployRequest,
  EndpointInfo,
  ErrorInfo,
  ModelRef,
  ModelVersionInfo,
  Progress,
} from '../api/schema';
import * as api from './api';

/** Endpoints, live. */
export class ServingModel implements IDisposable {
  constructor(readonly live: Live) {
    this.endpoints = new Collection<EndpointInfo>({
      live,
      domain: 'endpoint',
      key: endpoint => endpoint.name,
      load: api.listEndpoints,
      loadOne: api.getEndpoint,
    });
  }

  readonly endpoints: Collection<EndpointInfo>;

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    this.endpoints.dispose();
  }

  find(name: string): EndpointInfo | undefined {
    return this.endpoints.items.find(endpoint => endpoint.name === name);
  }

  deploy(body: DeployRequest): Promise<EndpointInfo> {
    return this.endpoints.take(api.deploy(body));
  }

  async delete(name: string): Promise<void> {
    await this.endpoints.take(api.deleteEndpoint(name));
  }

  private _disposed = false;
}

/** Endpoints that match the words typed (name or model), by name. */
export function filterEndpoints(items: readonly EndpointInfo[], query: string): EndpointInfo[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return items
    .filter(item => {
      const text = `${item.name} ${served(item)}`.toLowerCase();
      return words.every(word => text.includes(word));
    })
    .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

/** `model:version` of a deployment. */
export function modelRef(deployment: Pick<Deployment, 'model' | 'version'>): string {
  return `${deployment.model}:${deployment.version}`;
}

/** One line on what an endpoint serves: `bc:1`, or `bc:1 → bc:2` while it changes. */
export function served(endpoint: EndpointInfo): string {
  const { current, next } = endpoint;
  if (current && next && next.state !== 'failed') {
    return `${modelRef(current)} → ${modelRef(next)}`;
  }
  const shown = current ?? next;
  return shown ? modelRef(shown) : '';
}

/** What the endpoint is busy with; null when it is not. */
export function progressOf(endpoint: EndpointInfo): Progress | null {
  if (endpoint.state !== 'creating' && endpoint.state !== 'updating') {
    return null;
  }
  return endpoint.next?.progress ?? endpoint.current?.progress ?? null;
}

/** Why the endpoint, or the deployment on its way, failed; null when all is well. */
export function failureOf(endpoint: EndpointInfo): ErrorInfo | null {
  return endpoint.error ?? endpoint.next?.error ?? endpoint.current?.error ?? null;
}

/** Why nothing can be done with it that its engine must do; empty when its engine answers. */
export function blockedBy(endpoint: EndpointInfo): string {
  if (endpoint.state !== 'unreachable') {
    return '';
  }
  return endpoint.error?.message || `The engine '${endpoint.engine}' does not answer.`;
}

/** Whether requests are answered now. */
export function answers(endpoint: EndpointInfo): boolean {
  return (
    endpoint.current?.state === 'running' && !['deleting', 'unreachable'].includes(endpoint.state)
  );
}

/** Endpoints whose current deployment is one of these model versions. */
export function endpointsServing(
  endpoints: readonly EndpointInfo[],
  versions: readonly ModelRef[],
): EndpointInfo[] {
  return endpoints.filter(({ current }) =>
    versions.some(each => each.name === current?.model && each.version === current.version),
  );
}

/** Lines of a requirements text as the request wants them; null when there is none. */
export function parseRequirements(text: string): string[] | null {
  const lines = text
    .split('\n')
    .map(line => line.replace(/(^|\s)#.*$/, '').trim())
    .filter(Boolean);
  return lines.length > 0 ? lines : null;
}

/** An endpoint name made of a model's that is not taken yet. */
export function suggestEndpoint(model: string, taken: readonly string[]): string {
  if (!taken.includes(model)) {
    return model;
  }
  const stem = model.slice(0, 60);
  for (let count = 2; ; count++) {
    const name = `${stem}-${count}`;
    if (!taken.includes(name)) {
      return name;
    }
  }
}

/** How many numbers a row of the served model has; null when it is not known. */
export function featuresOf(version: ModelVersionInfo | undefined): number | null {
  return version?.signature?.features ?? null;
}
