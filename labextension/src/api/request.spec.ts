import { describe, expect, it } from 'vitest';

import { ApiError, encodeFilePath, pathOf } from './request';

describe('pathOf', () => {
  it('keeps each name one segment', () => {
    expect(pathOf('compute', 'a/b', 'log')).toBe('/compute/a%2Fb/log');
    expect(pathOf('runs', 'ü %')).toBe('/runs/%C3%BC%20%25');
  });
});

describe('encodeFilePath', () => {
  it('keeps the slashes of a path', () => {
    expect(encodeFilePath('a b/c#.png')).toBe('a%20b/c%23.png');
  });
});

describe('ApiError.from', () => {
  it('takes anything that is thrown', () => {
    const error = new ApiError(409, { code: 'in_use', message: 'm', hint: 'h', field: 'f' });
    expect(ApiError.from(error)).toBe(error);
    expect(ApiError.from(new TypeError('t'))).toMatchObject({ message: 't', status: 0 });
    expect(ApiError.from('text').message).toBe('text');
  });
});
