import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { finishDist } from './web/build/finishDist.ts';
import { serveWasm } from './web/build/serveWasm.ts';

const serverUrl = process.env['TESSERA_SERVER_URL'] ?? 'http://127.0.0.1:8080';
const root = resolve(import.meta.dirname, 'web');

// SharedArrayBuffer, and with it Wasm threads, exists only in a cross-origin isolated page.
const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export default defineConfig({
  root,
  build: {
    outDir: resolve(import.meta.dirname, 'dist'),
    emptyOutDir: true,
    target: 'es2022',
    rolldownOptions: {
      input: { index: resolve(root, 'index.html'), tessera: resolve(root, 'src/index.ts') },
      preserveEntrySignatures: 'exports-only',
      output: {
        // The library has a fixed name, so that other pages can import it from the server.
        entryFileNames: (chunk) =>
          chunk.name === 'tessera' ? 'tessera.js' : 'assets/[name]-[hash].js',
      },
    },
  },
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    headers: isolationHeaders,
    proxy: {
      '/models': serverUrl,
      '/shards': serverUrl,
      '/v1': serverUrl,
      '/healthz': serverUrl,
      '/metrics': serverUrl,
      '/ws': { target: serverUrl, ws: true },
    },
  },
  preview: { headers: isolationHeaders },
  plugins: [serveWasm(), finishDist()],
});
