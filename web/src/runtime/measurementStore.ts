// What was measured on an earlier visit, kept by the browser.

export interface BackendMeasurement {
  wasmTokensPerSecond: number;
  webgpuTokensPerSecond: number;
}

export interface MeasurementStore {
  recall(key: string): Promise<BackendMeasurement | null>;
  // Never rejects: what cannot be kept is measured again.
  remember(key: string, measurement: BackendMeasurement): Promise<void>;
}

const kCacheName = 'tessera-measurements-1';

function address(key: string): string {
  return `https://measurements.tessera.invalid/${encodeURIComponent(key)}`;
}

// A worker has no localStorage; the Cache API serves as well. Null where there is none.
export async function openMeasurementStore(
  storage: CacheStorage | undefined = (globalThis as { caches?: CacheStorage }).caches,
): Promise<MeasurementStore | null> {
  try {
    const cache = await storage?.open(kCacheName);
    return cache ? storeIn(cache) : null;
  } catch {
    return null;
  }
}

function storeIn(cache: Cache): MeasurementStore {
  return {
    recall: async (key) => {
      try {
        const response = await cache.match(address(key));
        return response ? readMeasurement(await response.json()) : null;
      } catch {
        return null;
      }
    },
    remember: async (key, measurement) => {
      try {
        await cache.put(address(key), new Response(JSON.stringify(measurement)));
      } catch {
        // The next visit measures again.
      }
    },
  };
}

function readMeasurement(json: unknown): BackendMeasurement | null {
  if (typeof json !== 'object' || json === null) return null;
  const { wasmTokensPerSecond, webgpuTokensPerSecond } = json as Record<string, unknown>;
  if (typeof wasmTokensPerSecond !== 'number' || typeof webgpuTokensPerSecond !== 'number') {
    return null;
  }
  return { wasmTokensPerSecond, webgpuTokensPerSecond };
}
