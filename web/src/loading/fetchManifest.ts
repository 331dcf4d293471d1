// Gets a model's manifest from the server.
import { TesseraError } from '../tesseraError.ts';
import { kManifestSizeBytesMax, readManifest, type PackageManifest } from './manifest.ts';
import { retrying, type RetryPolicy } from './retry.ts';

// Errors: "model_not_found", "network", "cancelled", and those of readManifest.
export async function fetchManifest(
  baseUrl: string,
  model: string,
  fetchUrl: typeof fetch,
  retry: RetryPolicy,
  signal: AbortSignal,
): Promise<PackageManifest> {
  const url = new URL(`/models/${encodeURIComponent(model)}/manifest.json`, baseUrl).href;
  const text = await retrying(retry, signal, () => fetchText(url, model, fetchUrl, signal));
  return readManifest(text, url);
}

async function fetchText(
  url: string,
  model: string,
  fetchUrl: typeof fetch,
  signal: AbortSignal,
): Promise<string> {
  const response = await fetchUrl(url, { signal, cache: 'no-cache' });
  if (response.status === 404) {
    throw new TesseraError('model_not_found', `The server does not offer the model “${model}”.`);
  }
  if (!response.ok) {
    throw new TesseraError('network', `${url}: the server answered ${response.status}.`);
  }
  const announced = Number(response.headers.get('Content-Length') ?? 0);
  const text = announced > kManifestSizeBytesMax ? null : await response.text();
  if (text === null || text.length > kManifestSizeBytesMax) {
    throw new TesseraError('invalid_file', `The manifest at ${url} is too large to be one.`);
  }
  return text;
}
