// @vitest-environment node
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { ESLint } from 'eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SRC = import.meta.dirname;

/** What eslint says of these lines in a file below src/. */
async function said(file: string, ...lines: string[]): Promise<string> {
  const eslint = new ESLint({ cwd: join(SRC, '..') });
  const results = await eslint.lintText(lines.join('\n'), { filePath: join(SRC, file) });
  return results
    .flatMap(result => result.messages)
    .filter(({ ruleId }) => ruleId === 'no-restricted-imports')
    .map(({ message }) => message)
    .join('\n');
}

describe('a domain that is only a folder', () => {
  let domain = '';

  beforeAll(() => {
    const folder = mkdtempSync(join(SRC, 'domain'));
    domain = basename(folder);
    ['page.tsx', 'model.ts', 'other.ts', 'api.ts', 'plugin.tsx', 'commands.ts'].forEach(name =>
      writeFileSync(join(folder, name), ''),
    );
  });

  afterAll(() => rmSync(join(SRC, domain), { recursive: true }));

  it.each([
    ['model.ts', "import './page';", 'no panel'],
    ['other.ts', "import './page';", 'no panel'],
    ['other.ts', "import './commands';", 'no command'],
    ['model.ts', "import * as React from 'react';", 'no React'],
    ['api.ts', "import './model';", 'knows nothing of its domain'],
    ['page.tsx', "import './plugin';", 'Only index.ts'],
    ['page.tsx', "import '../tracking/model';", 'through tokens'],
    ['model.ts', "import '../compute/model';", 'through tokens'],
    ['../ui/badge.tsx', "import '../DOMAIN/model';", 'ui/ imports no domain'],
    ['../api/live.ts', "import '../DOMAIN/model';", 'neither parts nor domains'],
    ['../sidebar/panel.tsx', "import '../DOMAIN/tokens';", 'knows no domain'],
    ['../compute/page.tsx', "import '../DOMAIN/page';", 'through tokens'],
  ])('meets the rules: %s may not say %s', async (file, line, message) => {
    const found = await said(join(domain, file), line.replace('DOMAIN', domain));
    expect(found).toContain(message);
  });

  it.each([
    ['plugin.tsx', "import './page';"],
    ['commands.ts', "import './model';"],
    ['page.tsx', "import './commands';"],
    ['model.ts', "import '../tracking/tokens';"],
    ['model.ts', "import './api';"],
    ['api.ts', "import '../api/request';"],
  ])('may do the rest: %s says %s', async (file, line) => {
    expect(await said(join(domain, file), line)).toBe('');
  });
});

describe('index.ts', () => {
  const text = readFileSync(join(SRC, 'index.ts'), 'utf8');

  it('names the plugin of every folder', () => {
    const folders = readdirSync(SRC, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .filter(({ name }) => readdirSync(join(SRC, name)).some(file => /^plugin\.tsx?$/.test(file)));
    expect(folders.length).toBeGreaterThan(5);
    folders.forEach(({ name }) => expect(text).toContain(`from './${name}/plugin';`));
  });

  it('is a list and nothing else', () => {
    const rest = text.replace(/import \{ \w+ \} from '[./\w]+';\n/g, '');
    expect(rest).toMatch(/^\s*export default \[(\s*(\.\.\.)?\w+,)+\s*\];\s*$/);
    expect(text.split('\n').length).toBeLessThanOrEqual(40);
  });
});
