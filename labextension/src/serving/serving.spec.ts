import { execFileSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';

import type { Deployment, EndpointInfo } from '../api/schema';
import {
  answers,
  blockedBy,
  failureOf,
  filterEndpoints,
  parseRequirements,
  progressOf,
  served,
  suggestEndpoint,
} from './model';
import { curlSnippet, exampleBody, jsonProblem, pythonQuote, shellQuote } from './snippets';

const deployment = (version: number, differences: Partial<Deployment> = {}): Deployment => ({
  id: `d${version}`,
  model: 'bc',
  version,
  state: 'running',
  created: 0,
  ready: null,
  image: '',
  size: 'small',
  custom_script: false,
  progress: null,
  error: null,
  exit: null,
  ...differences,
});

const endpoint = (differences: Partial<EndpointInfo> = {}): EndpointInfo => ({
  name: 'bc',
  url: 'http://127.0.0.1:9000',
  port: 9000,
  state: 'running',
  engine: 'docker',
  created: 0,
  updated: 0,
  current: deployment(1),
  next: null,
  error: null,
  input_example: null,
  ...differences,
});

describe('an endpoint whose engine does not answer', () => {
  it('does not answer either, and says why nothing can be done', () => {
    const error = { code: 'engine_unavailable', message: 'Docker is gone.', hint: '', field: '' };
    const lost = endpoint({ state: 'unreachable', error });
    expect([answers(endpoint()), answers(lost)]).toEqual([true, false]);
    expect([blockedBy(endpoint()), blockedBy(lost)]).toEqual(['', 'Docker is gone.']);
    expect(blockedBy({ ...lost, error: null })).toContain('docker');
  });
});

describe('snippets', () => {
  const awkward = `{"text": "it's $HOME \`x\` \\\\ \\"q\\""}`;

  it('survive a real shell', () => {
    const snippet = curlSnippet({
      name: 'bc',
      url: 'http://127.0.0.1:9000/',
      key: "k'ey",
      body: awkward,
    });
    const script = `curl() { printf '%s\\n' "$@"; }\n${snippet}`;
    const words = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n');
    expect(words.slice(0, 7)).toEqual([
      'http://127.0.0.1:9000/score',
      '-H',
      "Authorization: Bearer k'ey",
      '-H',
      'Content-Type: application/json',
      '-d',
      awkward,
    ]);
  });

  it('quote for a shell only what needs it', () => {
    expect(shellQuote('http://a:1/score')).toBe('http://a:1/score');
    expect(shellQuote('')).toBe("''");
    expect(shellQuote("a'b")).toBe(`'a'\\''b'`);
  });

  it('quote for Python', () => {
    expect(pythonQuote('plain')).toBe('"plain"');
    expect(pythonQuote('{"data": 1}')).toBe(`'{"data": 1}'`);
    expect(pythonQuote(`it's "x"\n`)).toBe(String.raw`"it's \"x\"\n"`);
  });

  it('make a body of whatever example there is', () => {
    expect(exampleBody([[1, 2]], null)).toEqual({ data: [[1, 2]] });
    expect(exampleBody({ columns: ['a'], index: [0], data: [[1]] }, 1)).toEqual({
      dataframe_split: { columns: ['a'], data: [[1]] },
    });
    expect(exampleBody({ a: [1] }, 1)).toEqual({ data: { a: [1] } });
    expect(exampleBody({ data: [[1]] }, 1)).toEqual({ data: [[1]] });
    expect(exampleBody(null, 3)).toEqual({ data: [[0, 0, 0]] });
  });

  it('say where JSON is wrong', () => {
    expect(jsonProblem('{"a": 1}')).toBeNull();
    expect(jsonProblem('{"a": }')).toMatch(/JSON/);
  });
});

describe('endpoints', () => {
  it('tell what they serve and what comes', () => {
    expect(served(endpoint())).toBe('bc:1');
    expect(served(endpoint({ next: deployment(2, { state: 'building' }) }))).toBe('bc:1 → bc:2');
    expect(served(endpoint({ next: deployment(2, { state: 'failed' }) }))).toBe('bc:1');
    expect(served(endpoint({ current: null, next: deployment(2) }))).toBe('bc:2');
  });

  it('show progress only while they change', () => {
    const progress = { phase: 'building', message: 'Building', fraction: 0.5, since: 0 };
    const next = deployment(2, { state: 'building', progress });
    expect(progressOf(endpoint({ state: 'updating', next }))).toBe(progress);
    expect(progressOf(endpoint({ state: 'running', next }))).toBeNull();
  });

  it('tell why the next deployment failed', () => {
    const error = { code: 'x', message: 'init() failed', hint: '', field: '' };
    expect(failureOf(endpoint({ next: deployment(2, { error }) }))).toBe(error);
    expect(failureOf(endpoint())).toBeNull();
  });

  it('are found by name and by model', () => {
    const items = [endpoint({ name: 'b10' }), endpoint({ name: 'b9' })];
    expect(filterEndpoints(items, '').map(item => item.name)).toEqual(['b9', 'b10']);
    expect(filterEndpoints(items, 'bc:1 b9')).toHaveLength(1);
  });

  it('get a name that is free', () => {
    expect(suggestEndpoint('bc', [])).toBe('bc');
    expect(suggestEndpoint('bc', ['bc', 'bc-2'])).toBe('bc-3');
  });
});

describe('requirements', () => {
  it('drop comments and blank lines but keep fragments', () => {
    expect(parseRequirements('numpy==1.26  # why\n\n# all\npkg @ git+https://x/y#egg=z\n')).toEqual(
      ['numpy==1.26', 'pkg @ git+https://x/y#egg=z'],
    );
    expect(parseRequirements('  \n# nothing\n')).toBeNull();
  });
});
