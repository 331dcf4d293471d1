// Small Llamas with q4 weights that no server has: one to measure a backend with, one to check its
// arithmetic with.

export interface SyntheticSize {
  hidden: number;
  intermediate: number;
  layers: number;
  queryHeads: number;
  keyValueHeads: number;
  vocabulary: number;
  contextTokens: number;
}

// Its weights are left at zero, because a product with zero takes as long as any.
export const measuredSize: SyntheticSize = {
  hidden: 1024,
  intermediate: 2816,
  layers: 2,
  queryHeads: 16,
  keyValueHeads: 4,
  vocabulary: 4096,
  contextTokens: 128,
};

// quantization/q4.h: a block of 8 rows and 32 columns.
const kBlockRows = 8;
const kBlockColumns = 32;
const kBlockBytes = 144;
const kHalfBytes = 2;
const kFloatBytes = 4;
// Of the f16 number 2^-6.
const kScaleHighByte = 0x24;

interface Tensor {
  name: string;
  type: 'q4' | 'f32';
  shape: number[];
}

export function syntheticManifest(size: SyntheticSize): string {
  let offset = 0;
  const tensors = listTensors(size).map((tensor) => {
    const part = { shard: 0, offset, size_bytes: sizeBytes(tensor) };
    offset += part.size_bytes;
    return { ...tensor, parts: [part] };
  });
  return JSON.stringify({
    format: 'tessera-package',
    version: 1,
    name: 'synthetic',
    architecture: 'llama',
    configuration: {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      vocab_size: size.vocabulary,
      hidden_size: size.hidden,
      intermediate_size: size.intermediate,
      num_hidden_layers: size.layers,
      num_attention_heads: size.queryHeads,
      num_key_value_heads: size.keyValueHeads,
      max_position_embeddings: size.contextTokens,
      rms_norm_eps: 1e-5,
      rope_theta: 10000,
      hidden_act: 'silu',
      tie_word_embeddings: true,
    },
    generation: {},
    chat_template: null,
    special_tokens: {},
    tokenizer: null,
    tensors,
    shards: [
      { sha256: '0'.repeat(64), size_bytes: offset, component: 'language_model', priority: 0 },
    ],
  });
}

// The bytes of the manifest's one shard: norms of one, weights drawn by `seed`.
export function syntheticWeights(size: SyntheticSize, seed: number): Uint8Array<ArrayBuffer> {
  const tensors = listTensors(size);
  const bytes = new Uint8Array(tensors.reduce((sum, tensor) => sum + sizeBytes(tensor), 0));
  let state = seed;
  let offset = 0;
  for (const tensor of tensors) {
    const own = bytes.subarray(offset, offset + sizeBytes(tensor));
    offset += own.length;
    if (tensor.type === 'f32') {
      new Float32Array(own.buffer, own.byteOffset, own.length / kFloatBytes).fill(1);
      continue;
    }
    for (let at = 0; at < own.length; at++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      own[at] = isScale(at) ? (at % 2 === 0 ? 0 : kScaleHighByte) : state >>> 24;
    }
  }
  return bytes;
}

function isScale(at: number): boolean {
  return at % kBlockBytes < kBlockRows * kHalfBytes;
}

function listTensors(size: SyntheticSize): Tensor[] {
  const { hidden, intermediate, layers, queryHeads, keyValueHeads, vocabulary } = size;
  const keyValue = (hidden / queryHeads) * keyValueHeads;
  const matrix = (name: string, rows: number, columns: number): Tensor => ({
    name: `${name}.weight`,
    type: 'q4',
    shape: [rows, columns],
  });
  const norm = (name: string): Tensor => ({
    name: `${name}.weight`,
    type: 'f32',
    shape: [hidden],
  });
  const layer = (index: number): Tensor[] => {
    const prefix = `model.layers.${index}`;
    return [
      norm(`${prefix}.input_layernorm`),
      matrix(`${prefix}.self_attn.q_proj`, hidden, hidden),
      matrix(`${prefix}.self_attn.k_proj`, keyValue, hidden),
      matrix(`${prefix}.self_attn.v_proj`, keyValue, hidden),
      matrix(`${prefix}.self_attn.o_proj`, hidden, hidden),
      norm(`${prefix}.post_attention_layernorm`),
      matrix(`${prefix}.mlp.gate_proj`, intermediate, hidden),
      matrix(`${prefix}.mlp.up_proj`, intermediate, hidden),
      matrix(`${prefix}.mlp.down_proj`, hidden, intermediate),
    ];
  };
  return [
    matrix('model.embed_tokens', vocabulary, hidden),
    ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
    norm('model.norm'),
  ];
}

function sizeBytes({ type, shape: [rows = 0, columns = 1] }: Tensor): number {
  return type === 'q4'
    ? (rows / kBlockRows) * (columns / kBlockColumns) * kBlockBytes
    : rows * columns * kFloatBytes;
}
