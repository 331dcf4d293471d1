// One weight of a q2 or q3 matrix: of a block's words the first 2 hold scales, the next 2 zero
// points, and the next 16 the low planes. A format adds block_words, zero_step and
// high_bit(matrix, block, row, column).
fn byte_at(matrix: u32, word: u32, index: u32) -> u32 {
  return extractBits(load_weights_word(matrix, word + (index >> 2u)), (index & 3u) * 8u, 8u);
}

fn weight_at(matrix: u32, row: u32, column: u32) -> f32 {
  let groups = (weight_columns() + 31u) / 32u;
  let block = ((row >> 3u) * groups + (column >> 5u)) * block_words;
  let panel_row = row & 7u;
  let group_column = column & 31u;
  let scale = bitcast<f32>((byte_at(matrix, block, panel_row) << 19u) + 0x39000000u);
  let zero = f32(byte_at(matrix, block + 2u, panel_row)) * zero_step;
  let chunk = (group_column >> 2u) & 1u;
  let low = extractBits(load_weights_word(matrix, block + 4u + chunk * 8u + panel_row),
                        (column & 3u) * 8u + (group_column >> 3u) * 2u, 2u);
  return scale * (f32(low + high_bit(matrix, block, panel_row, group_column) * 4u) - zero);
}
