// The models a server offers.
import { TesseraError } from '../tesseraError.ts';

export interface ModelSummary {
  name: string;
  architecture: string;
  sizeBytes: number;
  contextTokensMax: number;
}

export interface ListModelsOptions {
  signal?: AbortSignal | undefined;
  fetch?: typeof globalThis.fetch | undefined;
}

// The models of the server at `baseUrl` (the page's own origin by default).
// Errors: "network" if it cannot be reached, "invalid_file" if what it says is no list of models.
export async function listModels(
  baseUrl: string = globalThis.location.origin,
  options: ListModelsOptions = {},
): Promise<ModelSummary[]> {
  const url = new URL('/models/index.json', baseUrl).href;
  const fetchUrl = options.fetch ?? globalThis.fetch;
  let body: unknown;
  try {
    const response = await fetchUrl(url, { signal: options.signal ?? null });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    body = await response.json();
  } catch (thrown) {
    if (options.signal?.aborted) throw TesseraError.cancelled();
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new TesseraError('network', `The list of models at ${url} cannot be had: ${reason}.`);
  }
  return readModelList(body, url);
}

function readModelList(body: unknown, url: string): ModelSummary[] {
  const models = isRecord(body) ? body['models'] : body;
  if (!Array.isArray(models)) {
    throw new TesseraError('invalid_file', `${url} is not a list of models.`);
  }
  return models.map((entry: unknown) => {
    if (!isRecord(entry) || typeof entry['name'] !== 'string') {
      throw new TesseraError('invalid_file', `${url} lists a model without a name.`);
    }
    return {
      name: entry['name'],
      architecture: typeof entry['architecture'] === 'string' ? entry['architecture'] : 'unknown',
      sizeBytes: numberOrZero(entry['size_bytes']),
      contextTokensMax: numberOrZero(entry['context_tokens_max']),
    };
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOrZero(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
