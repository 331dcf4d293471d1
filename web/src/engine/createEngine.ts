// Loads a model into a worker of this tab.
import { TesseraError } from '../tesseraError.ts';
import type { Engine, EngineOptions } from './engine.ts';

export function createEngine(options: EngineOptions): Promise<Engine> {
  return Promise.reject(new TesseraError('unsupported', `${options.model} cannot be loaded yet.`));
}
