import { describe, expect, it } from 'vitest';

import type { ArtifactInfo, Model, ModelVersionInfo } from '../api/schema';
import {
  filterModels,
  modelPaths,
  nameProblem,
  pickVersion,
  signatureRows,
  suggestName,
} from './model';

const version = (
  number: number,
  differences: Partial<ModelVersionInfo> = {},
): ModelVersionInfo => ({
  name: 'bc',
  version: number,
  created: 0,
  flavor: 'sklearn',
  tags: {},
  note: '',
  run_id: '',
  run_name: '',
  experiment: '',
  path: 'model',
  size: 10,
  digest: 'd',
  python: '3.11.2',
  requirements: [],
  signature: null,
  input_example: null,
  endpoints: [],
  ...differences,
});

const model = (name: string, versions: ModelVersionInfo[], updated = 0): Model => ({
  name,
  created: 0,
  updated,
  note: '',
  tags: {},
  versions,
});

const file = (path: string): ArtifactInfo => ({
  path,
  is_dir: false,
  size: 1,
  modified: null,
  sha256: '',
});

describe('models', () => {
  it('are listed with the latest change on top', () => {
    const items = [model('a', [], 1), model('b', [], 2)];
    expect(filterModels(items, '').map(item => item.name)).toEqual(['b', 'a']);
    expect(filterModels(items, 'A')).toHaveLength(1);
  });

  it('show the version asked for, else the newest', () => {
    const bc = model('bc', [version(3), version(1)]);
    expect(pickVersion(bc, 1)?.version).toBe(1);
    expect(pickVersion(bc, 2)?.version).toBe(3);
    expect(pickVersion(model('bc', []), null)).toBeUndefined();
  });

  it('spread the one type of an array over its columns, which have no names', () => {
    const signature = { features: 2, names: [], dtypes: ['double'] };
    expect(signatureRows(version(1, { signature }))).toEqual([
      { name: 'column 1', dtype: 'double' },
      { name: 'column 2', dtype: 'double' },
    ]);
    expect(signatureRows(version(1))).toEqual([]);
  });

  it('check names before the server does', () => {
    expect(nameProblem('breast-cancer')).toBeNull();
    expect(nameProblem('a/b')).toMatch(/letters/);
    expect(nameProblem('x'.repeat(300))).not.toBeNull();
    expect(nameProblem('')).not.toBeNull();
  });

  it('suggest names that are valid', () => {
    const name = suggestName({ experiment: '  Brust krebs: (v2)!', name: '' });
    expect(name).toBe('Brust-krebs-v2');
    expect(nameProblem(suggestName({ experiment: '…', name: '!!' }))).toBeNull();
    expect(nameProblem(suggestName({ experiment: 'x'.repeat(200), name: '' }))).toBeNull();
  });

  it('find model directories among files', () => {
    expect(modelPaths(['MLmodel', 'b/MLmodel', 'b/model.pkl', 'xMLmodel'].map(file))).toEqual([
      '',
      'b',
    ]);
  });
});
