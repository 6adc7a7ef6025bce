import { ApiError, encodeFilePath, fileUrl, pathOf, request, requestText } from '../api/request';
import type {
  ArtifactInfo,
  ExperimentInfo,
  ExperimentUpdate,
  HistoryInfo,
  RunInfo,
  RunLog,
  RunPage,
  RunUpdate,
} from '../api/schema';

/** How a page of runs is chosen and ordered. */
export interface IRunQuery {
  /** Id of the experiment; absent: all of them. */
  experiment?: number;
  /** Free text, or comparisons such as `metrics.acc > 0.9`. */
  q?: string;
  /** created, name, status, metric.KEY or param.KEY. */
  orderBy?: string;
  descending?: boolean;
  deleted?: boolean;
  limit?: number;
  /** Token of the page, from the one before. */
  page?: string;
}

/** The experiments that are deleted, or those that are not. */
export function listExperiments(deleted: boolean): Promise<ExperimentInfo[]> {
  return request<ExperimentInfo[]>('/experiments', { query: { deleted } });
}

export function getExperiment(id: number): Promise<ExperimentInfo> {
  return request<ExperimentInfo>(pathOf('experiments', id));
}

export function createExperiment(name: string): Promise<ExperimentInfo> {
  return request<ExperimentInfo>('/experiments', { method: 'POST', body: { name } });
}

export function updateExperiment(
  id: number,
  update: Partial<ExperimentUpdate>,
): Promise<ExperimentInfo> {
  return request<ExperimentInfo>(pathOf('experiments', id), { method: 'PATCH', body: update });
}

export function deleteExperiment(id: number): Promise<void> {
  return request<void>(pathOf('experiments', id), { method: 'DELETE' });
}

export function restoreExperiment(id: number): Promise<ExperimentInfo> {
  return request<ExperimentInfo>(pathOf('experiments', id, 'restore'), { method: 'POST' });
}

export function listRuns(query: IRunQuery, signal?: AbortSignal): Promise<RunPage> {
  return request<RunPage>('/runs', {
    query: {
      experiment: query.experiment,
      q: query.q || undefined,
      order_by: query.orderBy,
      descending: query.descending,
      deleted: query.deleted || undefined,
      limit: query.limit,
      page: query.page || undefined,
    },
    signal,
  });
}

export function getRun(id: string): Promise<RunInfo> {
  return request<RunInfo>(pathOf('runs', id));
}

export function updateRun(id: string, update: Partial<RunUpdate>): Promise<RunInfo> {
  return request<RunInfo>(pathOf('runs', id), { method: 'PATCH', body: update });
}

export function deleteRun(id: string): Promise<void> {
  return request<void>(pathOf('runs', id), { method: 'DELETE' });
}

export function restoreRun(id: string): Promise<RunInfo> {
  return request<RunInfo>(pathOf('runs', id, 'restore'), { method: 'POST' });
}

export function getHistory(id: string, key: string, maxPoints: number): Promise<HistoryInfo> {
  return request<HistoryInfo>(pathOf('runs', id, 'history'), {
    query: { key, max_points: maxPoints },
  });
}

export function getLog(id: string, offset: number): Promise<RunLog> {
  return request<RunLog>(pathOf('runs', id, 'log'), { query: { offset } });
}

/** What lies in a directory of a run's artifacts; nothing where there is no such directory. */
export async function listArtifacts(id: string, path = ''): Promise<ArtifactInfo[]> {
  try {
    return await request<ArtifactInfo[]>(pathOf('runs', id, 'artifacts'), {
      query: { path: path || undefined },
    });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && error.field === 'path') {
      return [];
    }
    throw error;
  }
}

export function artifactText(id: string, path: string, signal?: AbortSignal): Promise<string> {
  return requestText(artifactPath(id, path), { signal });
}

/** Address of an artifact for `<img src>` and downloads. */
export function artifactUrl(id: string, path: string): string {
  return fileUrl(artifactPath(id, path));
}

function artifactPath(id: string, path: string): string {
  return `${pathOf('runs', id, 'files')}/${encodeFilePath(path)}`;
}
