import { describe, expect, it } from 'vitest';

import { formatBytes, formatDuration, formatNumber, plural, relativeTime } from './format';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [2 * 1024 ** 3, '2 GiB'],
    [25_276_510_208, '23.5 GiB'],
    [150 * 1024 ** 2, '150 MiB'],
  ])('%d is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('formatNumber', () => {
  it.each([
    [0.9649122807, '0.96491'],
    [3, '3'],
    [123456789, '123456789'],
    [0.1 + 0.2, '0.3'],
    [0.00001234, '1.234e-5'],
    [1.5e12, '1.5e+12'],
    [-0.5, '-0.5'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '∞'],
    ['NaN', 'NaN'],
    [null, ''],
  ])('%s is %s', (value, text) => expect(formatNumber(value)).toBe(text));
});

describe('formatDuration', () => {
  it.each([
    [0.25, '250 ms'],
    [12.4, '12 s'],
    [59.7, '1 min'],
    [185, '3 min 5 s'],
    [7440, '2 h 4 min'],
    [86400 * 3 + 7200, '3 d 2 h'],
    [-1, '0 ms'],
  ])('%d s is %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

describe('relativeTime', () => {
  const now = 1_800_000_000;
  it.each([
    [now - 3, 'now'],
    [now - 40, '40 seconds ago'],
    [now - 300, '5 minutes ago'],
    [now - 7200, '2 hours ago'],
    [now - 86400, 'yesterday'],
    [null, ''],
  ])('%s', (then, text) => expect(relativeTime(then, now, 'en')).toBe(text));
});

describe('plural', () => {
  it('agrees with the count', () => {
    expect([plural(1, 'run'), plural(0, 'run'), plural(2, 'entry', 'entries')]).toEqual([
      '1 run',
      '0 runs',
      '2 entries',
    ]);
  });
});
