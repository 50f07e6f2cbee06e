import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const outDir = here('../../dist/dashboard');

export default defineConfig({
  root: here('./ui'),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [
    {
      // The compiled controller lies in the same folder, so only the page's own files of the last build may go.
      name: 'remove-old-assets',
      apply: 'build',
      buildStart: () => rmSync(`${outDir}/assets`, { recursive: true, force: true }),
    },
  ],
  build: {
    outDir,
    emptyOutDir: false,
    target: 'es2022',
    // Inlined assets would need `data:` in the content policy.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
  // `npx vite --config src/dashboard/vite.config.ts` against a running proxy.
  server: { proxy: { '/admin': 'http://127.0.0.1:8000' } },
});
