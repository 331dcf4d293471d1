// One weight of a q4s matrix: a block is 34 words, the first 2 of scales.
#include "weights/nibbles_element.wgsl"
#include "weights/q4s_scales.wgsl"
fn weight_at(matrix: u32, row: u32, column: u32) -> f32 {
  let groups = (weight_columns() + 31u) / 32u;
  let block = ((row >> 3u) * groups + (column >> 5u)) * 34u;
  let scales = scales_of(load_weights_word(matrix, block + ((row & 7u) >> 2u)));
  return scales[row & 3u] * (quant_at(matrix, block + 2u, row, column) - 8.0);
}
