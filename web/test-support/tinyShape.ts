// A model for `tessera synthesize` that a software GPU decodes in milliseconds a token.
export const tinyShapeOf = (weights: string): readonly string[] => [
  ...['--hidden-size', '64', '--intermediate-size', '128', '--layers', '2', '--query-heads', '4'],
  ...['--key-value-heads', '2', '--vocabulary-size', '512', '--context', '512'],
  ...['--separate-output', '--weights', weights, '--seed', '2'],
];
