// One weight of a q8 matrix: a block is 68 words, the first 4 of scales.
fn weight_at(matrix: u32, row: u32, column: u32) -> f32 {
  let groups = (weight_columns() + 31u) / 32u;
  let block = ((row >> 3u) * groups + (column >> 5u)) * 68u;
  let scale = unpack2x16float(load_weights_word(matrix, block + ((row & 7u) >> 1u)))[row & 1u];
  let word = load_weights_word(matrix, block + 4u + ((column & 31u) >> 2u) * 8u + (row & 7u));
  return scale * f32(extractBits(bitcast<i32>(word), (column & 3u) * 8u, 8u));
}
