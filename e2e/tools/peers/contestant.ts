/** What takes part in `bench:peers`. */
export interface Workload {
  threads: number;
  promptTokens: number;
  tokens: number;
  /** How often it is repeated within one turn, after one warm-up. */
  runs: number;
}

/** Tokens per second, one value a run. */
export interface Speeds {
  prefill: number[];
  decode: number[];
}

export interface Contestant {
  name: string;
  version: string;
  /** How its weights are stored. */
  weights: string;
  measure(workload: Workload): Promise<Speeds>;
}
