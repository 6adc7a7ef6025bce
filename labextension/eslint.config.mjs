import { readdirSync } from 'node:fs';

import js from '@eslint/js';
import globals from 'globals';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

/** Every folder of src/ is a domain but these: a new one meets the rules by being there. */
const SHARED = ['api', 'sidebar', 'ui'];

/** Files in ts that are no models. */
const ABOVE_MODELS = /(^|[a-z])(commands|dialog)\.ts$/i;
const ABOVE_FILES = ['**/plugin.ts', '**/tokens.ts', '**/*commands.ts', '**/*[dD]ialog.ts'];

const SRC = `${import.meta.dirname}/src`;

const DOMAINS = readdirSync(SRC, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && !SHARED.includes(entry.name))
  .map(entry => entry.name);

const ALL = DOMAINS.map(name => `../${name}/**`);

/** Patterns of `no-restricted-imports` with the reason that the reader is given. */
const deny = (message, ...group) => ({ group, message });

const ONE_CALLER = {
  ...deny('Call the server through api/request.', '@jupyterlab/services'),
  importNames: ['ServerConnection'],
};
const NO_PLUGIN = deny('Only index.ts knows plugins.', './plugin');
const NO_REACT = deny('A model is signals and requests: no React in it.', 'react', 'react-dom');

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
  ...DOMAINS.flatMap(rulesOf),
];

/**
 * The layers of one domain: what it draws is `*.tsx`, what it asks the server is `api.ts`, and
 * every other `*.ts` is a model, but for commands and dialogs, which may use all but the plugin.
 */
function rulesOf(domain) {
  const apart = deny('Domains meet through tokens.', ...other(domain));
  const noPanel = deny('A model knows no panel.', ...siblings(domain, name => /\.tsx$/.test(name)));
  const noCommands = deny(
    'A model knows no command and no dialog.',
    ...siblings(domain, name => ABOVE_MODELS.test(name)),
  );
  const nothing = deny('api.ts knows nothing of its domain.', './*');
  const within = (files, ignores, ...patterns) => ({
    files: files.map(name => `src/${domain}/${name}`),
    ignores: ['**/*.spec.*', ...ignores],
    rules: restrict(apart, ...patterns),
  });
  return [
    within(['**'], []),
    within(['**'], ['**/plugin.ts*'], NO_PLUGIN),
    within(['**/*.ts'], ABOVE_FILES, NO_PLUGIN, NO_REACT, noPanel, noCommands),
    within(['api.ts'], [], nothing, NO_REACT),
  ];
}

/** `./name` of the domain's files that are so. */
function siblings(domain, isSo) {
  return readdirSync(`${SRC}/${domain}`)
    .filter(isSo)
    .map(name => `./${name.replace(/\.tsx?$/, '')}`);
}

function other(domain) {
  return DOMAINS.filter(name => name !== domain).flatMap(name => [
    `../${name}/**`,
    `!../${name}/tokens`,
  ]);
}

function restrict(...patterns) {
  const some = patterns.filter(({ group }) => group.length > 0);
  return { 'no-restricted-imports': ['error', { patterns: [ONE_CALLER, ...some] }] };
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
