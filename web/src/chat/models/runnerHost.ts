// "Answer API requests from this tab": keeps the engine serving while the switch is on.
import type { Engine, RunnerSession, RunnerState } from '../../index.ts';
import { Observable } from '../observable.ts';
import type { EngineHost } from './engineHost.ts';

export type ServingState =
  | { type: 'off' }
  // The switch is on, but there is no model yet.
  | { type: 'no_model' }
  | RunnerState;

export class RunnerHost {
  readonly state = new Observable<ServingState>({ type: 'off' });
  // Over all models since the page was opened.
  readonly answered = new Observable(0);
  // Requests of others that are being answered now.
  readonly running = new Observable(0);
  #isOn: boolean;
  #engine: Engine | null = null;
  #session: RunnerSession | null = null;

  constructor(host: EngineHost, isOn: boolean) {
    this.#isOn = isOn;
    host.state.subscribe((state) => {
      this.#stop();
      this.#engine = state.type === 'ready' ? state.engine : null;
      this.#apply();
    });
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  setOn(isOn: boolean): void {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    this.#stop();
    this.#apply();
  }

  #apply(): void {
    if (!this.#isOn) this.state.value = { type: 'off' };
    else if (!this.#engine) this.state.value = { type: 'no_model' };
    else this.#serve(this.#engine);
  }

  #serve(engine: Engine): void {
    // Of sessions that were replaced, nothing is heard any more.
    const isCurrent = () => this.#engine === engine && this.#isOn;
    const session = engine.serve({
      onState: (state) => {
        if (isCurrent()) this.state.value = state;
      },
      onRequest: (request) => {
        if (!isCurrent() || request.type === 'token') return;
        if (request.type === 'started') {
          this.running.value += 1;
          return;
        }
        this.running.value = Math.max(0, this.running.value - 1);
        if (request.type === 'finished') this.answered.value += 1;
      },
    });
    this.#session = session;
    this.state.value = session.state;
  }

  #stop(): void {
    const session = this.#session;
    this.#session = null;
    this.running.value = 0;
    session?.stop();
  }
}
