// Measurements of backends, kept in memory.
import type { BackendMeasurement, MeasurementStore } from '../src/runtime/measurementStore.ts';

export class MemoryMeasurements implements MeasurementStore {
  readonly entries = new Map<string, BackendMeasurement>();

  recall(key: string): Promise<BackendMeasurement | null> {
    return Promise.resolve(this.entries.get(key) ?? null);
  }

  remember(key: string, measurement: BackendMeasurement): Promise<void> {
    this.entries.set(key, measurement);
    return Promise.resolve();
  }
}
