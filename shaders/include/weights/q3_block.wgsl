// A block of q3 (quantization/q3.h) is 7 vec4s, the last 2 the high plane: bit b of byte j is the
// third bit of column 4 * b + j.
const block_vec4s = 7u;
const zero_step = 1.0 / 32.0;
const quant_mask = 7u;

fn high_words(matrix: u32, block: u32, half_panel: u32) -> vec4<u32> {
  return load_weights(matrix, block + 5u + half_panel);
}
