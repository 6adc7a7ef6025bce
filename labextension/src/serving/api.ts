import type { LogPlace } from '../api/growinglog';
import { pathOf, request } from '../api/request';
import type {
  DeployRequest,
  EndpointInfo,
  EndpointKeys,
  LogText,
  RotateKey,
  ScoreReply,
} from '../api/schema';

export function listEndpoints(): Promise<EndpointInfo[]> {
  return request<EndpointInfo[]>('/endpoints');
}

export function getEndpoint(name: string): Promise<EndpointInfo> {
  return request<EndpointInfo>(pathOf('endpoints', name));
}

export function deploy(body: DeployRequest): Promise<EndpointInfo> {
  return request<EndpointInfo>('/endpoints', { method: 'POST', body });
}

export function deleteEndpoint(name: string): Promise<EndpointInfo> {
  return request<EndpointInfo>(pathOf('endpoints', name), { method: 'DELETE' });
}

export function getKeys(name: string): Promise<EndpointKeys> {
  return request<EndpointKeys>(pathOf('endpoints', name, 'keys'));
}

export function rotateKey(name: string, key: RotateKey['key']): Promise<EndpointKeys> {
  return request<EndpointKeys>(pathOf('endpoints', name, 'keys'), {
    method: 'POST',
    body: { key },
  });
}

/** A piece of the scoring container's log. */
export function getLog(name: string, place: LogPlace): Promise<LogText> {
  return request<LogText>(pathOf('endpoints', name, 'log'), { query: { ...place } });
}

/** Send a request through the server: the browser need not reach the endpoint itself. */
export function score(name: string, body: unknown): Promise<ScoreReply> {
  return request<ScoreReply>(pathOf('endpoints', name, 'score'), { method: 'POST', body });
}
