import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'jsdom',
    include: ['src/**/*.spec.{ts,tsx}'],
    // JupyterLab's packages are ES modules with extensionless imports: let vite resolve them.
    server: { deps: { inline: [/@jupyterlab/, /@jupyter\//, /@lumino/] } },
  },
});
