import { readdirSync } from 'node:fs';

import js from '@eslint/js';
import globals from 'globals';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

/** Every folder of src/ is a domain but these: a new one meets the rules by being there. */
const SHARED = ['api', 'sidebar', 'ui'];

const DOMAINS = readdirSync(`${import.meta.dirname}/src`, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && !SHARED.includes(entry.name))
  .map(entry => entry.name);

const ALL = DOMAINS.map(name => `../${name}/**`);

/** Patterns of `no-restricted-imports` with the reason that the reader is given. */
const deny = (message, ...group) => ({ group, message });

const STATE_NEEDS_NO_REACT = deny(
  'A model is signals and requests: no React in it.',
  'react',
  '*.tsx',
);
const ONE_CALLER = {
  ...deny('Call the server through api/request.', '@jupyterlab/services'),
  importNames: ['ServerConnection'],
};

/** plugin -> panel -> model -> api; domains meet through tokens. */
const layers = [
  {
    files: ['src/api/**'],
    rules: restrict(
      deny('api/ knows neither parts nor domains.', '../ui/**', '../sidebar/**', ...ALL),
    ),
  },
  {
    files: ['src/ui/**'],
    rules: restrict(deny('ui/ imports no domain.', '../sidebar/**', ...ALL)),
  },
  {
    files: ['src/sidebar/**'],
    rules: restrict(deny('The sidebar knows no domain: they add themselves.', ...ALL)),
  },
  ...DOMAINS.flatMap(domain => [
    {
      files: [`src/${domain}/**`],
      rules: restrict(deny('Domains meet through tokens.', ...other(domain))),
    },
    {
      files: [`src/${domain}/model.ts`, `src/${domain}/api.ts`],
      rules: restrict(
        deny('Domains meet through tokens.', ...other(domain)),
        STATE_NEEDS_NO_REACT,
        deny('A model knows no panel and no plugin.', './plugin', './section', './page', './panel'),
      ),
    },
  ]),
];

function other(domain) {
  return DOMAINS.filter(name => name !== domain).flatMap(name => [
    `../${name}/**`,
    `!../${name}/tokens`,
  ]);
}

function restrict(...patterns) {
  return { 'no-restricted-imports': ['error', { patterns: [ONE_CALLER, ...patterns] }] };
}

export default ts.config(
  { ignores: ['lib', 'dist', 'node_modules', 'playwright-report', 'test-results'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    languageOptions: { globals: globals.browser },
    plugins: { 'react-hooks': hooks },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      // Interface and Token of one name are how JupyterLab's plugins find each other.
      '@typescript-eslint/no-redeclare': 'off',
      // Namespaces beside a token hold its types, as in JupyterLab's own packages.
      '@typescript-eslint/no-namespace': 'off',
      eqeqeq: 'error',
    },
  },
  ...layers,
  { files: ['src/api/request.ts'], rules: { 'no-restricted-imports': 'off' } },
);
