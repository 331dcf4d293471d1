/**
 * A Llama of random weights as a GGUF file: what `tessera synthesize` makes, for llama.cpp and
 * wllama. Block formats are llama.cpp's (ggml-common.h): Q4_0 has a scale and 16 bytes of nibbles
 * for 32 weights, Q4_K for 256 weights two scales, 12 bytes of finer ones and 128 of nibbles, Q8_0
 * a scale and 32 bytes for 32 weights.
 */
import { writeGguf, type GgufTensor, type GgufValue } from './ggufWriter.ts';
import { layerMatrices, type ModelShape } from './modelShape.ts';

interface BlockFormat {
  type: number;
  weights: number;
  sizeBytes: number;
  /** Byte offsets of the block's f16 scales. */
  scales: number[];
}

const formats = {
  q4_0: { type: 2, weights: 32, sizeBytes: 18, scales: [0] },
  q4_k: { type: 12, weights: 256, sizeBytes: 144, scales: [0, 2] },
  q8_0: { type: 8, weights: 32, sizeBytes: 34, scales: [0] },
} satisfies Record<string, BlockFormat>;

export type MatrixFormat = 'q4_0' | 'q4_k';

const typeF32 = 0;
// 2^-9 as f16: with nibbles of -8..7 a row of 768 has a length of about 1/4.
const smallHalf = 6 << 10;

function quantized(name: string, rows: number, columns: number, format: BlockFormat): GgufTensor {
  const blocks = (rows * columns) / format.weights;
  if (!Number.isInteger(columns / format.weights)) throw new Error(`${name}: odd row length`);
  const sizeBytes = blocks * format.sizeBytes;
  const make = () => {
    const bytes = new Uint8Array(sizeBytes);
    let state = rows + columns;
    for (let i = 0; i < sizeBytes; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bytes[i] = state >>> 24;
    }
    const view = new DataView(bytes.buffer);
    for (let block = 0; block < blocks; block++) {
      for (const at of format.scales)
        view.setUint16(block * format.sizeBytes + at, smallHalf, true);
    }
    return bytes;
  };
  return { name, extents: [columns, rows], type: format.type, sizeBytes, make };
}

function ones(name: string, count: number): GgufTensor {
  const make = () => new Uint8Array(new Float32Array(count).fill(1).buffer);
  return { name, extents: [count], type: typeF32, sizeBytes: 4 * count, make };
}

/** Words that are one token each: a space and one character, which one merge joins. */
export function randomLlamaWords(count: number): string[] {
  const firstCharacter = 0x4e00;
  return Array.from({ length: count }, (_, i) => ` ${String.fromCharCode(firstCharacter + i)}`);
}

/** Three special tokens, 256 bytes, and words. */
function vocabulary(size: number): Record<string, GgufValue> {
  const bytes = Array.from({ length: 256 }, (_, byte) => {
    return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
  });
  const special = ['<unk>', '<s>', '</s>'];
  const words = randomLlamaWords(size - 259).map((word) => word.replace(' ', '\u2581'));
  const types = [2, 3, 3, ...bytes.map(() => 6), ...words.map(() => 1)];
  return {
    'tokenizer.ggml.model': { type: 'string', value: 'llama' },
    'tokenizer.ggml.tokens': { type: 'strings', value: [...special, ...bytes, ...words] },
    'tokenizer.ggml.scores': { type: 'float32s', value: types.map((_, i) => -i) },
    'tokenizer.ggml.token_type': { type: 'int32s', value: types },
    'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 1 },
    'tokenizer.ggml.eos_token_id': { type: 'uint32', value: 2 },
  };
}

export function writeRandomLlama(path: string, shape: ModelShape, format: MatrixFormat): void {
  const count = (value: number): GgufValue => ({ type: 'uint32', value });
  const { hiddenSize, vocabularySize } = shape;
  const metadata: Record<string, GgufValue> = {
    'general.architecture': { type: 'string', value: 'llama' },
    'general.name': { type: 'string', value: `random ${format}` },
    'llama.block_count': count(shape.layers),
    'llama.context_length': count(shape.contextTokensMax),
    'llama.embedding_length': count(hiddenSize),
    'llama.feed_forward_length': count(shape.intermediateSize),
    'llama.attention.head_count': count(shape.queryHeads),
    'llama.attention.head_count_kv': count(shape.keyValueHeads),
    'llama.attention.layer_norm_rms_epsilon': { type: 'float32', value: 1e-5 },
    'llama.rope.dimension_count': count(hiddenSize / shape.queryHeads),
    'llama.vocab_size': count(vocabularySize),
    ...vocabulary(vocabularySize),
  };
  const tensors = [quantized('token_embd.weight', vocabularySize, hiddenSize, formats.q8_0)];
  for (let layer = 0; layer < shape.layers; layer++) {
    tensors.push(ones(`blk.${layer}.attn_norm.weight`, hiddenSize));
    tensors.push(ones(`blk.${layer}.ffn_norm.weight`, hiddenSize));
    for (const { name, rows, columns } of layerMatrices(shape, layer)) {
      tensors.push(quantized(name, rows, columns, formats[format]));
    }
  }
  tensors.push(ones('output_norm.weight', hiddenSize));
  writeGguf(path, metadata, tensors);
}
