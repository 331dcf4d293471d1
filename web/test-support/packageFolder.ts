// fetch() over a package on disk, as a server would offer it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function fetchFromFolder(folder: string, name: string): typeof fetch {
  return (input) => {
    const { pathname } = new URL(input as string);
    const file = pathname === `/models/${name}/manifest.json` ? 'manifest.json' : pathname;
    try {
      return Promise.resolve(new Response(readFileSync(join(folder, file))));
    } catch {
      return Promise.resolve(new Response(null, { status: 404 }));
    }
  };
}
