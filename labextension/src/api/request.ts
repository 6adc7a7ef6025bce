import { ServerConnection } from '@jupyterlab/services';

import type { ErrorInfo } from './schema';

const BASE = 'modelyard/api/v1';

/** A query argument; `undefined` leaves it out. */
export type Query = Record<string, string | number | boolean | undefined>;

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  body?: unknown;
  query?: Query;
  signal?: AbortSignal;
}

/** What the server answered instead of a result: a sentence, and what to do about it. */
export class ApiError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly field: string;

  constructor(
    /** HTTP status; 0 when the server did not answer at all. */
    readonly status: number,
    info: ErrorInfo,
  ) {
    super(info.message);
    this.name = 'ApiError';
    this.code = info.code;
    this.hint = info.hint;
    this.field = info.field;
  }

  /** Any thrown thing as an ApiError, so that whoever shows it needs to know one kind. */
  static from(error: unknown): ApiError {
    if (error instanceof ApiError) {
      return error;
    }
    const message = error instanceof Error ? error.message : String(error);
    return new ApiError(0, { code: 'error', message, hint: '', field: '' });
  }
}

/** Segments of a path, each encoded: a name with a slash stays one segment. */
export function pathOf(...segments: (string | number)[]): string {
  return '/' + segments.map(segment => encodeURIComponent(segment)).join('/');
}

/** A file path whose slashes stay. */
export function encodeFilePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function address(path: string, query: Query = {}): string {
  const { baseUrl } = ServerConnection.makeSettings();
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)]],
  );
  const text = new URLSearchParams(given).toString();
  // Not URLExt.join: it would resolve '..' and '//' that belong to an encoded name.
  return `${baseUrl.replace(/\/$/, '')}/${BASE}${path}${text ? `?${text}` : ''}`;
}

/**
 * The address of a file for `<img>`, `<a download>`: it carries no token, the cookie of the
 * session opens it.
 *
 * @param path below the API's base, segments already encoded (see `pathOf`).
 */
export function fileUrl(path: string, query?: Query): string {
  const url = new URL(address(path, query), window.location.href);
  return url.href;
}

async function send(path: string, options: RequestOptions): Promise<Response> {
  const { method = 'GET', body, query, signal } = options;
  const init: RequestInit = { method, signal: signal ?? null };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(
      address(path, query),
      init,
      ServerConnection.makeSettings(),
    );
  } catch (error) {
    if (signal?.aborted && (signal.reason as Error | undefined)?.name !== 'TimeoutError') {
      throw error;
    }
    throw new ApiError(0, {
      code: 'unreachable',
      message: 'The Jupyter server does not answer.',
      hint: 'Check that it runs (`modelyard status`), then try again.',
      field: '',
    });
  }
  if (!response.ok) {
    throw await failure(response);
  }
  return response;
}

async function failure(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const info = JSON.parse(text) as Partial<ErrorInfo>;
    if (typeof info.message === 'string') {
      return new ApiError(response.status, { code: '', hint: '', field: '', ...info } as ErrorInfo);
    }
  } catch {
    // A proxy's page, not our answer: fall through to the status line.
  }
  const message = `The server answered ${response.status} ${response.statusText}.`;
  const hint =
    response.status === 404 ? 'Is the Modelyard server extension enabled? `modelyard doctor`' : '';
  return new ApiError(response.status, { code: 'http', message, hint, field: '' });
}

/**
 * Call the API.
 *
 * @param path below `modelyard/api/v1`, beginning with '/'; build it with `pathOf`.
 * @returns the decoded JSON answer; `undefined` for an empty one.
 * @throws ApiError
 */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Call the API for a text (a file's preview). @throws ApiError */
export async function requestText(path: string, options: RequestOptions = {}): Promise<string> {
  const response = await send(path, options);
  return response.text();
}
