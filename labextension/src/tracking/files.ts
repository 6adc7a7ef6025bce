/** How a file is shown. */
export type PreviewKind = 'image' | 'markdown' | 'json' | 'csv' | 'notebook' | 'text' | 'none';

/** Bytes; larger files are offered for download only: a tab should not choke on a preview. */
const LARGEST_TEXT = 1024 * 1024;

const LARGEST_IMAGE = 20 * 1024 * 1024;

/** Whether a file of this kind and size is for downloading only. */
export function isTooLarge(kind: PreviewKind, size: number): boolean {
  return size > (kind === 'image' ? LARGEST_IMAGE : LARGEST_TEXT);
}

const KINDS: Record<string, PreviewKind> = {
  png: 'image',
  jpg: 'image',
  jpeg: 'image',
  gif: 'image',
  webp: 'image',
  svg: 'image',
  md: 'markdown',
  json: 'json',
  csv: 'csv',
  tsv: 'csv',
  ipynb: 'notebook',
};

const TEXT = new Set(
  (
    'txt log py r scala sql sh yaml yml toml ini cfg conf env xml html css js ts tsx jsx java c h ' +
    'cpp hpp rs go rb jl lock jsonl ndjson tex rst'
  ).split(' '),
);

const TEXT_NAMES = new Set(['MLmodel', 'Dockerfile', 'Makefile', 'LICENSE', 'README']);

/** Last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** How to preview a file of this name. */
export function previewKind(path: string): PreviewKind {
  const name = baseName(path);
  if (TEXT_NAMES.has(name)) {
    return 'text';
  }
  const dot = name.lastIndexOf('.');
  const extension = dot < 0 ? '' : name.slice(dot + 1).toLowerCase();
  return KINDS[extension] ?? (TEXT.has(extension) ? 'text' : 'none');
}

/** JSON laid out for reading; the text itself where it is not JSON. */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The sources of a notebook's cells, one after the other, with a heading line each. */
export function notebookText(text: string): string {
  try {
    const cells: { cell_type: string; source: string | string[] }[] = JSON.parse(text).cells;
    return cells
      .map((cell, index) => {
        const source = Array.isArray(cell.source) ? cell.source.join('') : cell.source;
        return `# ── ${cell.cell_type} ${index + 1} ──\n${source}`;
      })
      .join('\n\n');
  } catch {
    return text;
  }
}

/**
 * Rows of a CSV or TSV text (RFC 4180 quoting).
 *
 * @param most - Rows to read, the header included.
 */
export function parseCsv(text: string, separator: string, most: number): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  const endRow = (): void => {
    row.push(cell);
    if (row.length > 1 || row[0] !== '') {
      rows.push(row);
    }
    row = [];
    cell = '';
  };
  for (let i = 0; i < text.length && rows.length < most; i++) {
    const char = text[i];
    if (quoted) {
      if (char !== '"') {
        cell += char;
      } else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else {
        quoted = false;
      }
    } else if (char === '"' && cell === '') {
      quoted = true;
    } else if (char === separator) {
      row.push(cell);
      cell = '';
    } else if (char === '\n') {
      endRow();
    } else if (char !== '\r') {
      cell += char;
    }
  }
  if (rows.length < most && (cell !== '' || row.length > 0)) {
    endRow();
  }
  return rows;
}
