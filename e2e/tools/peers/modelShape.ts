/** Shapes of Llama models that peers are compared on. */
export interface ModelShape {
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  queryHeads: number;
  keyValueHeads: number;
  vocabularySize: number;
  contextTokensMax: number;
}

export const shape82m: ModelShape = {
  hiddenSize: 768,
  intermediateSize: 2048,
  layers: 12,
  queryHeads: 12,
  keyValueHeads: 4,
  vocabularySize: 8192,
  contextTokensMax: 8192,
};

export interface Matrix {
  /** GGUF's name of the tensor. */
  name: string;
  rows: number;
  columns: number;
}

/** The matrices of one layer; the embedding, which is the output too, is not among them. */
export function layerMatrices(shape: ModelShape, layer: number): Matrix[] {
  const { hiddenSize, intermediateSize } = shape;
  const keyValueSize = (hiddenSize / shape.queryHeads) * shape.keyValueHeads;
  const matrix = (name: string, rows: number, columns: number): Matrix => ({
    name: `blk.${layer}.${name}.weight`,
    rows,
    columns,
  });
  return [
    matrix('attn_q', hiddenSize, hiddenSize),
    matrix('attn_k', keyValueSize, hiddenSize),
    matrix('attn_v', keyValueSize, hiddenSize),
    matrix('attn_output', hiddenSize, hiddenSize),
    matrix('ffn_gate', intermediateSize, hiddenSize),
    matrix('ffn_up', intermediateSize, hiddenSize),
    matrix('ffn_down', hiddenSize, intermediateSize),
  ];
}
