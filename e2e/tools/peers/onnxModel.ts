/**
 * The matrix products of a Llama as an ONNX model: MatMulNBits of random 4-bit weights with a scale
 * for 32 of them, nothing in between. What shares its input is one product, of which the next one
 * takes the first columns. Field numbers are those of onnx.proto (IR version 9).
 */
import { writeFileSync } from 'node:fs';
import type { ModelShape } from './modelShape.ts';

const groupWeights = 32;
const elementTypes = { float: 1, uint8: 2, int64: 7 };
const attributeInteger = 2;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

const integer = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)]);

function bytes(field: number, value: Uint8Array | string): Buffer {
  const content = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

const message = (field: number, parts: Buffer[]) => bytes(field, Buffer.concat(parts));

function tensor(name: string, type: number, extents: number[], content: Uint8Array): Buffer {
  const dims = extents.map((extent) => integer(1, extent));
  return Buffer.concat([...dims, integer(2, type), bytes(8, name), bytes(9, content)]);
}

function valueInfo(name: string, columns: number): Buffer {
  const shape = [message(1, [bytes(2, 'tokens')]), message(1, [integer(1, columns)])];
  const type = message(1, [integer(1, elementTypes.float), message(2, shape)]);
  return Buffer.concat([bytes(1, name), message(2, [type])]);
}

function randomBytes(count: number): Uint8Array {
  let state = count;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

class Graph {
  readonly #nodes: Buffer[] = [];
  readonly #initializers: Buffer[] = [];

  /** accuracy_level 4: activations in int8, the fastest there is. */
  product(input: string, columns: number, rows: number, name: string): string {
    const groups = columns / groupWeights;
    const attributes = {
      K: columns,
      N: rows,
      bits: 4,
      block_size: groupWeights,
      accuracy_level: 4,
    };
    const scales = new Uint8Array(new Float32Array(rows * groups).fill(2 ** -9).buffer);
    const codes = randomBytes((rows * columns) / 2);
    const [codesName, scalesName] = [`${name}.codes`, `${name}.scales`];
    this.#initializers.push(
      tensor(codesName, elementTypes.uint8, [rows, groups, groupWeights / 2], codes),
      tensor(scalesName, elementTypes.float, [rows * groups], scales),
    );
    const described = Object.entries(attributes).map(([key, value]) =>
      message(5, [bytes(1, key), integer(3, value), integer(20, attributeInteger)]),
    );
    const inputs = [input, codesName, scalesName];
    this.#node('MatMulNBits', inputs, name, [...described, bytes(7, 'com.microsoft')]);
    return name;
  }

  firstColumns(input: string, count: number, name: string): string {
    const bounds = Object.entries({ start: 0, end: count, axis: 1 });
    for (const [key, value] of bounds) {
      const content = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
      this.#initializers.push(tensor(`${name}.${key}`, elementTypes.int64, [1], content));
    }
    this.#node('Slice', [input, ...bounds.map(([key]) => `${name}.${key}`)], name, []);
    return name;
  }

  model(input: Buffer, output: Buffer): Buffer {
    const graph = [
      ...this.#nodes.map((node) => bytes(1, node)),
      bytes(2, 'products'),
      ...this.#initializers.map((initializer) => bytes(5, initializer)),
      bytes(11, input),
      bytes(12, output),
    ];
    const operators = (domain: string, version: number) =>
      message(8, [bytes(1, domain), integer(2, version)]);
    const domains = [operators('', 17), operators('com.microsoft', 1)];
    return Buffer.concat([integer(1, 9), message(7, graph), ...domains]);
  }

  #node(type: string, inputs: string[], output: string, rest: Buffer[]): void {
    const named = [...inputs.map((name) => bytes(1, name)), bytes(2, output), bytes(4, type)];
    this.#nodes.push(Buffer.concat([...named, ...rest]));
  }
}

/** Input x [tokens, hidden size], output logits [tokens, vocabulary size]. */
export function writeProducts(path: string, shape: ModelShape): void {
  const { hiddenSize, intermediateSize, vocabularySize } = shape;
  const attentionRows = hiddenSize + 2 * (hiddenSize / shape.queryHeads) * shape.keyValueHeads;
  const graph = new Graph();
  let x = 'x';
  for (let layer = 0; layer < shape.layers; layer++) {
    const named = (name: string) => `${layer}.${name}`;
    const all = graph.product(x, hiddenSize, attentionRows, named('attention'));
    const query = graph.firstColumns(all, hiddenSize, named('query'));
    const attended = graph.product(query, hiddenSize, hiddenSize, named('output'));
    const both = graph.product(attended, hiddenSize, 2 * intermediateSize, named('gate_up'));
    const gated = graph.firstColumns(both, intermediateSize, named('gated'));
    x = graph.product(gated, intermediateSize, hiddenSize, named('down'));
  }
  graph.product(x, hiddenSize, vocabularySize, 'logits');
  writeFileSync(path, graph.model(valueInfo('x', hiddenSize), valueInfo('logits', vocabularySize)));
}
