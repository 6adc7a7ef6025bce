import { describe, expect, it } from 'vitest';

import { applyReturns, parseAnsi } from './ansi';
import { columnsOf, duration, hideable, visibleColumns } from './columns';
import { compareMetrics, compareParams } from './compare';
import { isTooLarge, notebookText, parseCsv, prettyJson, previewKind } from './files';
import { pathInFiles } from './run';
import { makeRun } from './testing';

const metric = (last: number | string) => ({ last, min: last, max: last, step: 0, count: 1 });

describe('columns', () => {
  const runs = [
    makeRun('a', { params: { C: '1', p10: 'x', p9: 'y' }, metrics: { loss: metric(1) } }),
    makeRun('b', { metrics: { accuracy: metric(2) } }),
  ];

  it('unites the keys of all runs, in natural order', () => {
    const keyed = columnsOf(runs).filter(column => column.group !== 'run');
    expect(keyed.map(column => column.id)).toEqual([
      'metric.accuracy',
      'metric.loss',
      'param.C',
      'param.p9',
      'param.p10',
    ]);
  });

  it('shows the first few keys until the user chooses', () => {
    const params = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`p${i}`, 'v']));
    const columns = columnsOf([makeRun('a', { params })]);
    const shown = visibleColumns(columns, {}).filter(column => column.group === 'param');
    expect(shown).toHaveLength(6);
    const chosen = visibleColumns(columns, { 'param.p0': false, 'param.p19': true });
    const names = chosen.map(column => column.id);
    expect(names).toContain('param.p19');
    expect(names).not.toContain('param.p0');
  });

  it('never hides the name', () => {
    const columns = visibleColumns(columnsOf([]), { name: false });
    expect(columns.map(column => column.id)).toContain('name');
    expect(hideable(columns.find(column => column.id === 'name')!)).toBe(false);
  });

  it('counts the time of a run that goes on', () => {
    expect(duration(makeRun('a', { started: null }), 500)).toBeNull();
    expect(duration(makeRun('a', { started: 100, ended: null }), 130)).toBe(30);
    expect(duration(makeRun('a', { started: 100, ended: 160 }), 999)).toBe(60);
  });
});

describe('comparison', () => {
  it('marks what differs, missing values included', () => {
    const rows = compareParams([
      makeRun('a', { params: { C: '1', kind: 'l2' } }),
      makeRun('b', { params: { C: '2', kind: 'l2', extra: 'x' } }),
    ]);
    expect(rows.map(row => [row.key, row.differs])).toEqual([
      ['C', true],
      ['extra', true],
      ['kind', false],
    ]);
    expect(rows[1].cells).toEqual([null, 'x']);
  });

  it('knows the extremes of the finite values', () => {
    const [row] = compareMetrics([
      makeRun('a', { metrics: { loss: metric(0.5) } }),
      makeRun('b', { metrics: { loss: metric('NaN') } }),
      makeRun('c', { metrics: { loss: metric(0.1) } }),
    ]);
    expect([row.low, row.high]).toEqual([0.1, 0.5]);
  });

  it('calls equal NaNs equal', () => {
    const [row] = compareMetrics([
      makeRun('a', { metrics: { loss: metric('NaN') } }),
      makeRun('b', { metrics: { loss: metric('NaN') } }),
    ]);
    expect(row.differs).toBe(false);
    expect(row.low).toBeNull();
  });
});

describe('files', () => {
  it('chooses a preview by name', () => {
    expect(previewKind('plots/roc.PNG')).toBe('image');
    expect(isTooLarge('image', 5_000_000)).toBe(false);
    expect(isTooLarge('image', 50_000_000)).toBe(true);
    expect(isTooLarge('csv', 5_000_000)).toBe(true);
    expect(previewKind('model/MLmodel')).toBe('text');
    expect(previewKind('model/model.pkl')).toBe('none');
    expect(previewKind('a.b/noextension')).toBe('none');
  });

  it('reads quoted CSV', () => {
    expect(parseCsv('a,b\n"x, ""y""\nz",2\r\n\n', ',', 100)).toEqual([
      ['a', 'b'],
      ['x, "y"\nz', '2'],
    ]);
    expect(parseCsv('a\nb\nc', ',', 2)).toEqual([['a'], ['b']]);
  });

  it('shows broken JSON and notebooks as they are', () => {
    expect(prettyJson('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(prettyJson('{"a":')).toBe('{"a":');
    expect(notebookText('nonsense')).toBe('nonsense');
    const notebook = { cells: [{ cell_type: 'code', source: ['a = 1\n', 'a'] }] };
    expect(notebookText(JSON.stringify(notebook))).toBe('# ── code 1 ──\na = 1\na');
  });
});

describe('log text', () => {
  it('keeps the last state of a progress bar', () => {
    expect(applyReturns('10%\r50%\r100%\r\ndone\n')).toBe('100%\ndone\n');
    expect(applyReturns('10%\r20%\r')).toBe('20%');
    expect(applyReturns('plain\n')).toBe('plain\n');
  });

  it('turns colours into spans and drops other escapes', () => {
    expect(parseAnsi('a\u001b[1;31mred\u001b[0m\u001b[2Kb')).toEqual([
      { text: 'a', color: '', bold: false },
      { text: 'red', color: 'red', bold: true },
      { text: 'b', color: '', bold: false },
    ]);
    expect(parseAnsi('\u001b[38;5;31mx')).toEqual([{ text: 'x', color: '', bold: false }]);
  });
});

describe('the source of a run', () => {
  it('is found below User files in whatever form its path comes', () => {
    expect(pathInFiles('/ws/files/a/b.ipynb', '/ws/files')).toBe('a/b.ipynb');
    expect(pathInFiles('a/b.py', '/ws/files')).toBe('a/b.py');
    expect(pathInFiles('/x.py', '/')).toBe('x.py');
  });

  it('is no file that JupyterLab could open elsewhere, or in a console', () => {
    expect(pathInFiles('', '/ws/files')).toBe('');
    expect(pathInFiles('/ws/files2/b.py', '/ws/files')).toBe('');
    expect(pathInFiles('/ws/b.py', '/ws/files')).toBe('');
    expect(pathInFiles('../b.py', '/ws/files')).toBe('');
    expect(pathInFiles('/ws/files/Console 1', '/ws/files')).toBe('');
    expect(pathInFiles('/ws/files', '/ws/files')).toBe('');
  });
});
