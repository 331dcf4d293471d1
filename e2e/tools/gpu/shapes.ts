/** Models that `bench:gpu` measures, and where in a text. */
import { tinyShapeOf } from '../../../web/test-support/tinyShape.ts';

export interface GpuShape {
  /** Options of `tessera synthesize`. */
  options: (weights: string) => readonly string[];
  /** Tokens in the cache when decoding is timed. */
  positions: readonly number[];
  /** The position of the bar, and of the comparison with a loop that waits at every token. */
  usualPosition: number;
  /** Tokens that are decoded there. */
  tokens: number;
}

const llama1B = (weights: string) => [
  ...['--hidden-size', '2048', '--intermediate-size', '8192', '--layers', '16'],
  ...['--query-heads', '32', '--key-value-heads', '8', '--vocabulary-size', '128256'],
  ...['--context', '8192', '--weights', weights],
];

export const gpuShapes = {
  /** Llama 3.2 1B. */
  '1B': { options: llama1B, positions: [128, 512, 4096], usualPosition: 512, tokens: 64 },
  /** For trying the tool where a software GPU is all there is. */
  tiny: { options: tinyShapeOf, positions: [8, 64, 256], usualPosition: 64, tokens: 16 },
} as const satisfies Record<string, GpuShape>;

export type GpuShapeName = keyof typeof gpuShapes;
