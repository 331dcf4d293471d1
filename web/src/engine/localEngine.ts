// An engine over a worker that holds a loaded model.
import { withBackend } from '../capabilities/builds.ts';
import type { CapabilityReport } from '../capabilities/report.ts';
import type { Clock } from '../clock.ts';
import { Runner } from '../connection/runner.ts';
import type { RunnerOptions, RunnerSession } from '../connection/runnerSession.ts';
import type { OpenSocket } from '../connection/socket.ts';
import type { CallOptions, RpcClient } from '../runtime/rpc/rpcClient.ts';
import type {
  BackendChange,
  GenerateParameters,
  GenerationEvent,
  GenerationSummary,
  LoadedModel,
  WorkerMethods,
} from '../runtime/workerMethods.ts';
import { TesseraError } from '../tesseraError.ts';
import { makeChatCompletions } from './chatCompletions.ts';
import type { WorkerHandle } from './createEngine.ts';
import type { Engine, EngineMemory, EngineTimings, Logits, SamplingDefaults } from './engine.ts';
import type { ChatCompletions, Completions } from './openaiTypes.ts';
import { makeCompletions } from './textCompletions.ts';
import { TimingRecorder } from './timings.ts';

export interface LocalEngineParts {
  model: string;
  baseUrl: string;
  apiKey: string | undefined;
  loaded: LoadedModel;
  capabilities: CapabilityReport;
  onNotice: ((sentence: string) => void) | undefined;
  rpc: RpcClient<WorkerMethods>;
  worker: WorkerHandle;
  openSocket: OpenSocket;
  clock: Clock;
}

export class LocalEngine implements Engine {
  readonly model: string;
  readonly architecture: string;
  readonly contextTokensMax: number;
  readonly samplingDefaults: SamplingDefaults;
  readonly supportsChat: boolean;
  readonly chat: { readonly completions: ChatCompletions };
  readonly completions: Completions;
  readonly #parts: LocalEngineParts;
  #capabilities: CapabilityReport;
  #timings: EngineTimings | null = null;
  #localRequests = 0;
  #runner: Runner | null = null;

  constructor(parts: LocalEngineParts) {
    this.#parts = parts;
    this.model = parts.model;
    this.architecture = parts.loaded.architecture;
    this.contextTokensMax = parts.loaded.contextTokensMax;
    this.samplingDefaults = parts.loaded.samplingDefaults;
    this.supportsChat = parts.loaded.supportsChat;
    this.#capabilities = parts.capabilities;
    const generate = this.#generateLocal.bind(this);
    this.chat = { completions: makeChatCompletions(this.model, generate) };
    this.completions = makeCompletions(this.model, generate);
    this.#watchBackend();
    parts.worker.onFailure((reason) => {
      this.#runner?.fail({ code: 'worker_failed', message: `This tab's worker broke: ${reason}` });
    });
  }

  get capabilities(): CapabilityReport {
    return this.#capabilities;
  }

  get timings(): EngineTimings | null {
    return this.#timings;
  }

  memory(): Promise<EngineMemory> {
    return this.#parts.rpc.call('memory', null);
  }

  tokenize(text: string): Promise<number[]> {
    return this.#parts.rpc.call('tokenize', { text });
  }

  detokenize(ids: number[]): Promise<string> {
    return this.#parts.rpc.call('detokenize', { ids });
  }

  forward(ids: number[]): Promise<Logits> {
    return this.#parts.rpc.call('forward', { ids });
  }

  serve(options: RunnerOptions = {}): RunnerSession {
    this.#runner?.stop();
    const { model, baseUrl, apiKey, rpc, openSocket, clock } = this.#parts;
    const capabilities = () => this.#capabilities;
    this.#runner = new Runner({
      ...options,
      baseUrl,
      apiKey,
      model,
      contextTokensMax: this.contextTokensMax,
      // Read whenever the runner says that it is ready: the model may have moved.
      get backend() {
        return capabilities().backend;
      },
      threads: capabilities().threads,
      generate: (parameters, { signal, onEvent }) =>
        rpc.call('generate', parameters, { signal, onEvent }),
      openSocket,
      clock,
    });
    if (this.#localRequests > 0) this.#runner.setLocalBusy(true);
    return this.#runner;
  }

  dispose(): void {
    this.#runner?.stop();
    this.#parts.rpc.close(new TesseraError('cancelled', 'The engine was disposed of.'));
    this.#parts.worker.terminate();
  }

  #watchBackend(): void {
    const { rpc, onNotice } = this.#parts;
    const onEvent = ({ backend, sentence }: BackendChange) => {
      this.#capabilities = withBackend(this.#capabilities, backend, sentence);
      onNotice?.(sentence);
    };
    // Ends with the engine.
    rpc.call('watch', null, { onEvent }).catch(() => undefined);
  }

  async #generateLocal(
    parameters: GenerateParameters,
    options: CallOptions<GenerationEvent>,
  ): Promise<GenerationSummary> {
    const recorder = new TimingRecorder(this.#parts.clock);
    const onEvent = (event: GenerationEvent) => {
      recorder.observe(event);
      options.onEvent?.(event);
    };
    this.#countLocal(1);
    try {
      const summary = await this.#parts.rpc.call('generate', parameters, { ...options, onEvent });
      this.#timings = recorder.finish(summary);
      return summary;
    } finally {
      this.#countLocal(-1);
    }
  }

  #countLocal(change: number): void {
    const wasBusy = this.#localRequests > 0;
    this.#localRequests += change;
    const isBusy = this.#localRequests > 0;
    if (isBusy !== wasBusy) this.#runner?.setLocalBusy(isBusy);
  }
}
