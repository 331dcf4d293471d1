// One weight of a q2 or q3 matrix: of a block's words the first 2 hold scales, then come zero
// points, and from low_words_begin on the 16 of the low planes. A format adds block_words,
// low_words_begin, zero_at(matrix, block, row) and third_bit(matrix, block, row, column).
fn byte_at(matrix: u32, word: u32, index: u32) -> u32 {
  return extractBits(load_weights_word(matrix, word + (index >> 2u)), (index & 3u) * 8u, 8u);
}

// The bit of a column in its byte.
fn bit_of(group_column: u32) -> u32 {
  return (group_column & 3u) + ((group_column & 16u) >> 2u);
}

fn weight_at(matrix: u32, row: u32, column: u32) -> f32 {
  let groups = (weight_columns() + 31u) / 32u;
  let block = ((row >> 3u) * groups + (column >> 5u)) * block_words;
  let panel_row = row & 7u;
  let group_column = column & 31u;
  let scale = bitcast<f32>((byte_at(matrix, block, panel_row) << 19u) + 0x39000000u);
  let zero = zero_at(matrix, block, panel_row);
  let bytes = ((group_column & 15u) >> 2u) * 16u + panel_row * 2u;
  let bit = bit_of(group_column);
  let first = extractBits(byte_at(matrix, block + low_words_begin, bytes), bit, 1u);
  let second = extractBits(byte_at(matrix, block + low_words_begin, bytes + 1u), bit, 1u);
  let third = third_bit(matrix, block, panel_row, group_column);
  return scale * (f32(first + second * 2u + third * 4u) - zero);
}
