// In the development server, /wasm/* comes straight from CMake's build folders.
import { createReadStream } from 'node:fs';
import type { Plugin } from 'vite';
import { wasmFiles } from './wasmFiles.ts';

export function serveWasm(): Plugin {
  return {
    name: 'tessera-serve-wasm',
    configureServer(server) {
      server.middlewares.use('/wasm', (request, response, next) => {
        const name = (request.url ?? '').split('?')[0]?.slice(1);
        const file = wasmFiles.find((candidate) => candidate.name === name);
        if (!file) {
          next();
          return;
        }
        const type = file.name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
        response.setHeader('Content-Type', type);
        createReadStream(file.path)
          .on('error', () => {
            response.statusCode = 404;
            response.end(`${file.name} is not built: run cmake --build on the wasm presets`);
          })
          .pipe(response);
      });
    },
  };
}
