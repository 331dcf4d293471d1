// Writes generated/protocol.ts, generated/protocol.h and the tables of README.md from schema.json.
// `node protocol/generate.mjs` writes them, `--check` fails if one of them is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadSchema } from './generator/schema.mjs';
import { generateTypeScript } from './generator/typescript.mjs';
import { generateCpp } from './generator/cpp.mjs';
import { generateReadme } from './generator/readme.mjs';

const room = new URL('./', import.meta.url);
const path = (name) => fileURLToPath(new URL(name, room));
const schema = loadSchema(path('schema.json'));
const outputs = {
  'generated/protocol.ts': generateTypeScript(schema),
  'generated/protocol.h': generateCpp(schema),
  'README.md': generateReadme(schema, readFileSync(path('README.md'), 'utf8')),
};

const isCheck = process.argv.includes('--check');
let staleCount = 0;
for (const [name, text] of Object.entries(outputs)) {
  let old = '';
  try {
    old = readFileSync(path(name), 'utf8');
  } catch {
    // A missing file is a stale one.
  }
  if (old === text) continue;
  staleCount += 1;
  if (isCheck) console.error(`protocol/${name} is stale: run node protocol/generate.mjs`);
  else writeFileSync(path(name), text);
}
process.exitCode = isCheck && staleCount > 0 ? 1 : 0;
