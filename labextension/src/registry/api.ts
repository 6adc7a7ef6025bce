import { encodeFilePath, fileUrl, pathOf, request } from '../api/request';
import type {
  ArtifactInfo,
  Model,
  ModelRegister,
  ModelUpdate,
  ModelVersionInfo,
  RunInfo,
} from '../api/schema';

const versionPath = (name: string, version: number): string =>
  pathOf('models', name, 'versions', version);

export function listModels(): Promise<Model[]> {
  return request<Model[]>('/models');
}

export function getModel(name: string): Promise<Model> {
  return request<Model>(pathOf('models', name));
}

export function updateModel(name: string, update: Partial<ModelUpdate>): Promise<Model> {
  return request<Model>(pathOf('models', name), { method: 'PATCH', body: update });
}

export function deleteModel(name: string): Promise<void> {
  return request<void>(pathOf('models', name), { method: 'DELETE' });
}

export function registerVersion(name: string, body: ModelRegister): Promise<ModelVersionInfo> {
  return request<ModelVersionInfo>(pathOf('models', name, 'versions'), { method: 'POST', body });
}

export function updateVersion(
  name: string,
  version: number,
  update: Partial<ModelUpdate>,
): Promise<ModelVersionInfo> {
  return request<ModelVersionInfo>(versionPath(name, version), { method: 'PATCH', body: update });
}

export function deleteVersion(name: string, version: number): Promise<void> {
  return request<void>(versionPath(name, version), { method: 'DELETE' });
}

export function listFiles(name: string, version: number): Promise<ArtifactInfo[]> {
  return request<ArtifactInfo[]>(`${versionPath(name, version)}/artifacts`);
}

/** Address of a registered file, for downloads. */
export function versionFileUrl(name: string, version: number, path: string): string {
  return fileUrl(`${versionPath(name, version)}/files/${encodeFilePath(path)}`);
}

/** The run that a model is registered from. */
export function getRun(id: string): Promise<RunInfo> {
  return request<RunInfo>(pathOf('runs', id));
}

/** All files of a run, to find the model directories among them. */
export function listRunFiles(id: string): Promise<ArtifactInfo[]> {
  return request<ArtifactInfo[]>(pathOf('runs', id, 'artifacts'), { query: { recursive: true } });
}
