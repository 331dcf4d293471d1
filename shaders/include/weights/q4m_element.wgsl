// One weight of a q4m matrix: a block is 40 words, the first 4 of scales, 4 more of minimums.
#include "weights/nibbles_element.wgsl"
fn weight_at(matrix: u32, row: u32, column: u32) -> f32 {
  let groups = (weight_columns() + 31u) / 32u;
  let block = ((row >> 3u) * groups + (column >> 5u)) * 40u;
  return half_at(matrix, block, row) * quant_at(matrix, block + 8u, row, column) +
         half_at(matrix, block + 4u, row);
}
