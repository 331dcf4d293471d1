/** What tessera_op_table writes: op cases, the dispatches that compute them, and what must come. */
export interface PipelineEntry {
  label: string;
  code: string;
  constants: Record<string, number>;
}

export interface DispatchEntry {
  /** An index among the pipelines. */
  pipeline: number;
  /** Buffer, offset, size; the first is @binding(1). */
  bindings: [number, number, number][];
  /** The words of @binding(0). */
  parameters: number[];
  workgroups: [number, number, number];
}

export interface ResultEntry {
  buffer: number;
  offset_bytes: number;
  type: 'f32' | 'f16' | 'i32';
  scale: number;
  tolerance: number;
  /** As a whole: by the square root of the errors' squares over the values'. */
  judged: 'one by one' | 'as a whole';
  expected: number[];
}

export interface CaseEntry {
  op: string;
  name: string;
  /** Runs of bytes that are not zero: offset, base64. */
  buffers: { id: number; size_bytes: number; runs: [number, string][] }[];
  dispatches: DispatchEntry[];
  results: ResultEntry[];
  /** Of a case to be timed: what one copy of its ops reads, and computes. */
  bytes?: number;
  operations?: number;
  copies?: number;
}

export interface OpTableFile {
  pipelines: PipelineEntry[];
  cases: CaseEntry[];
}

/** The error relative to what was expected, and whether it is within the tolerance. */
export interface CaseOutcome {
  op: string;
  name: string;
  dispatches: number;
  error: number;
  tolerance: number;
  passed: boolean;
  message?: string;
}
