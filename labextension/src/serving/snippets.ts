/** What the snippets stand on. */
export interface ISnippetInput {
  /** Name of the endpoint. */
  name: string;
  /** Base URL of the endpoint. */
  url: string;
  /** A key, or a placeholder such as `$KEY`. */
  key: string;
  /** Request body, as JSON text. */
  body: string;
}

/** A value as one word of a POSIX shell, whatever is in it. */
export function shellQuote(value: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(value) ? value : `'${value.replace(/'/g, `'\\''`)}'`;
}

/** The address that takes requests. */
export function scoreUrl(url: string): string {
  return `${url.replace(/\/+$/, '')}/score`;
}

/** The request as a `curl` command. */
export function curlSnippet({ url, key, body }: ISnippetInput): string {
  return [
    `curl ${shellQuote(scoreUrl(url))}`,
    `  -H ${shellQuote(`Authorization: Bearer ${key}`)}`,
    `  -H 'Content-Type: application/json'`,
    `  -d ${shellQuote(body)}`,
  ].join(' \\\n');
}

/** The request with nothing but `httpx`, for code outside of Modelyard. */
export function pythonSnippet({ url, key, body }: ISnippetInput): string {
  return [
    'import httpx',
    '',
    'answer = httpx.post(',
    `    ${pythonQuote(scoreUrl(url))},`,
    `    headers={"Authorization": ${pythonQuote(`Bearer ${key}`)}},`,
    `    content=${pythonQuote(body)},`,
    ')',
    'answer.raise_for_status()',
    'print(answer.json()["predictions"])',
  ].join('\n');
}

/** The request from a notebook of the workspace. */
export function sdkSnippet({ name, body }: ISnippetInput): string {
  return [
    'import json',
    '',
    'from modelyard import Workspace',
    '',
    `endpoint = Workspace().endpoints.get(${pythonQuote(name)})`,
    `endpoint.score(json.loads(${pythonQuote(body)}))`,
  ].join('\n');
}

/** A Python string literal: JSON's escapes are a subset of Python's. */
export function pythonQuote(value: string): string {
  return value.includes('"') && !/['\\\n]/.test(value) ? `'${value}'` : JSON.stringify(value);
}

/**
 * The body that "Try it" starts with.
 *
 * @param example - The model's input example: rows, a `{columns, data}` table, or nothing.
 * @param features - How many numbers a row has, where that is known.
 */
export function exampleBody(example: unknown, features: number | null): unknown {
  if (Array.isArray(example)) {
    return { data: example };
  }
  if (example !== null && typeof example === 'object') {
    const table = example as { columns?: unknown; data?: unknown };
    if (Array.isArray(table.columns) && Array.isArray(table.data)) {
      return { dataframe_split: { columns: table.columns, data: table.data } };
    }
    return 'data' in table || 'dataframe_split' in table ? table : { data: example };
  }
  return { data: [new Array(features ?? 1).fill(0)] };
}

/** Where the JSON is wrong, for people; null when it is well-formed. */
export function jsonProblem(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
