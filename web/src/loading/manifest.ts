// A package's manifest, as far as the page needs it: the shards to load, and what chatting needs.
// The inference core reads the same text again and checks every tensor.
import { TesseraError } from '../tesseraError.ts';
import type { SamplingDefaults } from '../engine/engine.ts';

export const kManifestVersion = 1;
export const kManifestSizeBytesMax = 16 * 1024 * 1024;
export const kShardSizeBytesMax = 64 * 1024 * 1024;
// 4 GiB of the smallest sensible shards; a longer list is a mistake or an attack.
const kShardsMax = 65_536;

export interface Shard {
  index: number;
  sha256: string;
  sizeBytes: number;
  component: string;
  priority: number;
}

export interface PackageManifest {
  // As it came: what the inference core is given.
  text: string;
  name: string;
  architecture: string;
  // What the model was made for; 0 if its configuration does not say.
  contextTokensMax: number;
  chatTemplate: string | null;
  // Such as bos_token and eos_token: names a chat template uses.
  specialTokens: Record<string, string>;
  sampling: SamplingDefaults;
  shards: Shard[];
  sizeBytes: number;
}

// Where a model's author recommends nothing.
export const samplingFallback: SamplingDefaults = {
  temperature: 0.7,
  top_p: 0.95,
  top_k: 40,
  min_p: 0,
  repetition_penalty: 1,
};

// Errors: "invalid_file" naming `url` and the entry at fault, "unsupported" for another version.
export function readManifest(text: string, url: string): PackageManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged(url, 'it is not JSON');
  }
  const manifest = record(json);
  if (manifest?.['format'] !== 'tessera-package') throw damaged(url, 'it is no model package');
  if (manifest['version'] !== kManifestVersion) {
    throw new TesseraError(
      'unsupported',
      `The model at ${url} is packaged in version ${String(manifest['version'])}; ` +
        `this page reads version ${kManifestVersion}. Reload the page, or convert the model again.`,
    );
  }
  const shards = readShards(manifest['shards'], url);
  return {
    text,
    name: readString(manifest['name'], 'name', url),
    architecture: readString(manifest['architecture'], 'architecture', url),
    contextTokensMax: readContext(manifest['configuration']),
    chatTemplate: typeof manifest['chat_template'] === 'string' ? manifest['chat_template'] : null,
    specialTokens: readSpecialTokens(manifest['special_tokens']),
    sampling: readSampling(manifest['generation']),
    shards,
    sizeBytes: shards.reduce((sum, shard) => sum + shard.sizeBytes, 0),
  };
}

function readShards(value: unknown, url: string): Shard[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > kShardsMax) {
    throw damaged(url, 'it lists no shards, or too many');
  }
  return value.map((entry: unknown, index) => {
    const shard = record(entry) ?? {};
    const { sha256, size_bytes: sizeBytes, component, priority } = shard;
    if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) {
      throw damaged(url, `shard ${index} has no SHA-256`);
    }
    if (!isCount(sizeBytes) || sizeBytes === 0 || sizeBytes > kShardSizeBytesMax) {
      throw damaged(url, `shard ${index} has an impossible size`);
    }
    return {
      index,
      sha256,
      sizeBytes,
      component: typeof component === 'string' ? component : '',
      priority: typeof priority === 'number' ? priority : 0,
    };
  });
}

function readContext(configuration: unknown): number {
  const tokens = record(configuration)?.['max_position_embeddings'];
  return isCount(tokens) ? tokens : 0;
}

function readSpecialTokens(value: unknown): Record<string, string> {
  const tokens: Record<string, string> = {};
  for (const [name, token] of Object.entries(record(value) ?? {})) {
    // Hugging Face writes a token as its text, or as an object with its text inside.
    const content = typeof token === 'string' ? token : record(token)?.['content'];
    if (typeof content === 'string') tokens[name] = content;
  }
  return tokens;
}

function readSampling(value: unknown): SamplingDefaults {
  const generation = record(value) ?? {};
  const pick = (name: keyof SamplingDefaults, min: number, max: number) => {
    const number = generation[name];
    const isUsable = typeof number === 'number' && number >= min && number <= max;
    return isUsable ? number : samplingFallback[name];
  };
  return {
    temperature: pick('temperature', 0, 2),
    top_p: pick('top_p', 0, 1),
    top_k: Math.trunc(pick('top_k', 0, 0xffffffff)),
    min_p: pick('min_p', 0, 1),
    repetition_penalty: pick('repetition_penalty', 0.01, 10),
  };
}

function readString(value: unknown, name: string, url: string): string {
  if (typeof value !== 'string' || value === '') throw damaged(url, `it has no ${name}`);
  return value;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function damaged(url: string, reason: string): TesseraError {
  return new TesseraError('invalid_file', `The manifest at ${url} is damaged: ${reason}.`);
}
