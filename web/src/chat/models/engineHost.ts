// Holds the one model of this tab: lists what the server offers, loads, replaces and retries.
import type { CapabilityOverrides, Engine, LoadProgress, ModelSummary } from '../../index.ts';
import { TesseraError } from '../../index.ts';
import { Observable } from '../observable.ts';
import type { Platform } from './platform.ts';

export type EngineState =
  | { type: 'listing' }
  | { type: 'loading'; model: string; progress: LoadProgress | null }
  | { type: 'ready'; model: string; engine: Engine }
  // `model` is null if not even the list of models could be had.
  | { type: 'failed'; model: string | null; error: TesseraError };

export interface EngineHostOptions {
  platform: Platform;
  overrides: CapabilityOverrides;
  // Named by the address: an error if the server does not offer it.
  requestedModel: string | null;
  // Of the last visit: taken if the server still offers it, else the server's first.
  lastModel: string | null;
  onNotice: (sentence: string) => void;
}

export class EngineHost {
  readonly state = new Observable<EngineState>({ type: 'listing' });
  readonly models = new Observable<ModelSummary[]>([]);
  readonly #options: EngineHostOptions;
  #loading: AbortController | null = null;
  #contextTokensMax: number | undefined;

  constructor(options: EngineHostOptions) {
    this.#options = options;
  }

  get engine(): Engine | null {
    return this.state.value.type === 'ready' ? this.state.value.engine : null;
  }

  // Lists the models and loads the preferred one. Never rejects: failures become the state
  // "failed".
  async start(): Promise<void> {
    this.#release();
    this.state.value = { type: 'listing' };
    try {
      this.models.value = await this.#options.platform.listModels();
    } catch (thrown) {
      this.state.value = { type: 'failed', model: null, error: TesseraError.from(thrown) };
      return;
    }
    const { requestedModel, lastModel } = this.#options;
    const names = this.models.value.map((offered) => offered.name);
    const model = requestedModel ?? names.find((name) => name === lastModel) ?? names[0];
    if (model === undefined) {
      const error = new TesseraError('not_found', 'The server offers no model.');
      this.state.value = { type: 'failed', model: null, error };
      return;
    }
    await this.load(model);
  }

  // Frees the model that is there and loads this one, with less context if the number says so.
  async load(model: string, contextTokensMax?: number): Promise<void> {
    this.#release();
    const loading = new AbortController();
    this.#loading = loading;
    this.#contextTokensMax = contextTokensMax;
    this.state.value = { type: 'loading', model, progress: null };
    try {
      if (!this.models.value.some((offered) => offered.name === model)) throw this.#unknown(model);
      const engine = await this.#options.platform.createEngine({
        model,
        ...this.#options.overrides,
        contextTokensMax,
        signal: loading.signal,
        onNotice: this.#options.onNotice,
        onProgress: (progress) => {
          if (loading.signal.aborted || this.state.value.type !== 'loading') return;
          this.state.value = { type: 'loading', model, progress };
        },
      });
      if (loading.signal.aborted) engine.dispose();
      else this.state.value = { type: 'ready', model, engine };
    } catch (thrown) {
      if (loading.signal.aborted) return;
      this.state.value = { type: 'failed', model, error: TesseraError.from(thrown) };
    }
  }

  // The same again: the list if that failed, else the model.
  async retry(): Promise<void> {
    const { state } = this;
    if (state.value.type === 'failed' && state.value.model !== null && this.models.value.length > 0)
      await this.load(state.value.model, this.#contextTokensMax);
    else await this.start();
  }

  // Loads the present model again, as it was tried last.
  async reload(): Promise<void> {
    const state = this.state.value;
    if (state.type === 'listing' || state.model === null) await this.start();
    else await this.load(state.model, this.#contextTokensMax);
  }

  // Loads the present model again, with half the context it was tried with.
  async loadWithSmallerContext(): Promise<void> {
    const state = this.state.value;
    if (state.type === 'listing' || state.model === null) return;
    await this.load(state.model, this.smallerContext(state.model));
  }

  // A power of two: half of what was tried, but no less than a conversation needs.
  smallerContext(model: string): number {
    const own = this.models.value.find((offered) => offered.name === model)?.contextTokensMax;
    const tried =
      this.#contextTokensMax ?? (own !== undefined && own > 0 ? own : kContextTokensAssumed);
    return Math.max(kContextTokensMin, 2 ** Math.floor(Math.log2(tried / 2)));
  }

  // Resolves with the engine as soon as one is ready. Rejects with "cancelled" when the signal
  // aborts, and with the
  // failure when loading fails.
  whenReady(signal: AbortSignal): Promise<Engine> {
    if (signal.aborted) return Promise.reject(TesseraError.cancelled());
    return new Promise((resolve, reject) => {
      let unsubscribe: () => void = () => undefined;
      const settle = (action: () => void) => {
        signal.removeEventListener('abort', onAbort);
        queueMicrotask(() => unsubscribe());
        action();
      };
      const onAbort = () => settle(() => reject(TesseraError.cancelled()));
      signal.addEventListener('abort', onAbort);
      unsubscribe = this.state.subscribe((state) => {
        if (state.type === 'ready') settle(() => resolve(state.engine));
        else if (state.type === 'failed') settle(() => reject(state.error));
      });
    });
  }

  dispose(): void {
    this.#release();
  }

  #release(): void {
    this.#loading?.abort();
    this.#loading = null;
    this.engine?.dispose();
  }

  #unknown(model: string): TesseraError {
    const names = this.models.value.map((offered) => offered.name).join(', ');
    return new TesseraError(
      'not_found',
      `The server has no model named “${model}”. It offers: ${names}.`,
    );
  }
}

const kContextTokensAssumed = 8192;
const kContextTokensMin = 512;
