// Tessera as a library: run a model in this tab, or talk to one that runs in another.
export { createEngine } from './engine/createEngine.ts';
export { detectCapabilities } from './capabilities/detectCapabilities.ts';
export { readOverrides } from './capabilities/overrides.ts';
export { listModels } from './loading/modelList.ts';
export { connect } from './connection/connect.ts';
export { TesseraError } from './tesseraError.ts';

export type * from './capabilities/report.ts';
export type * from './connection/client.ts';
export type * from './connection/runnerSession.ts';
export type * from './engine/engine.ts';
export type { KvType } from './engine/kvType.ts';
export type * from './engine/openaiTypes.ts';
export type { ListModelsOptions, ModelSummary } from './loading/modelList.ts';
export type * from './loading/progress.ts';
export type { ErrorObject, TesseraErrorCode } from './tesseraError.ts';
