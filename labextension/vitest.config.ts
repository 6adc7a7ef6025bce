import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'jsdom',
    // One thread and one DOM for all files: starting a DOM costs more than most tests.
    pool: 'threads',
    poolOptions: { threads: { singleThread: true, isolate: false } },
    include: ['src/**/*.spec.{ts,tsx}'],
    // JupyterLab's packages are ES modules with extensionless imports: let vite resolve them.
    server: { deps: { inline: [/@jupyterlab/, /@jupyter\//, /@lumino/] } },
  },
});
