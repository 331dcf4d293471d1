// What the page needs of the library; tests and the demonstration put fakes in its place.
import type {
  CapabilityOverrides,
  CapabilityReport,
  Engine,
  EngineOptions,
  ModelSummary,
} from '../../index.ts';

export interface Platform {
  createEngine(options: EngineOptions): Promise<Engine>;
  detectCapabilities(overrides: CapabilityOverrides): Promise<CapabilityReport>;
  readOverrides(search: string): CapabilityOverrides;
  listModels(): Promise<ModelSummary[]>;
}
