// Makes one script and one style sheet of the page, in the folder built/ beside node_modules/.
import path from 'node:path';

import { build } from 'esbuild';

const shim = (name) => path.resolve('src/shims', name);

await build({
  entryPoints: ['src/main.tsx'],
  outfile: 'built/page.js',
  bundle: true,
  format: 'iife',
  jsx: 'automatic',
  minify: true,
  logLevel: 'error',
  alias: {
    '@monaco-editor/react': shim('empty.ts'),
    'monaco-editor': shim('empty.ts'),
    'react-custom-scrollbars-2': shim('scrollbars.tsx'),
    'react-monaco-editor': shim('empty.ts'),
    'react-router-dom-v5-compat': 'react-router-dom',
  },
  define: {
    global: 'window',
    'process.env.JEST_WORKER_ID': 'undefined',
    'process.env.NODE_ENV': '"production"',
  },
  loader: {
    '.png': 'dataurl',
    '.svg': 'text',
    '.ttf': 'dataurl',
  },
});
