// One weight of a q2 or q3 matrix, as weights/low_bits.wgsl has them: of a block's words the first
// 2 hold scales, the next 2 zero points, 16 codes. A format adds block_words and
// third_bit(matrix, block, row, bit), the third bit at a bit of a row's word.
fn byte_at(matrix: u32, word: u32, index: u32) -> u32 {
  return extractBits(load_weights_word(matrix, word + (index >> 2u)), (index & 3u) * 8u, 8u);
}

fn weight_at(matrix: u32, row: u32, column: u32) -> f32 {
  let groups = (weight_columns() + 31u) / 32u;
  let block = ((row >> 3u) * groups + (column >> 5u)) * block_words;
  let panel_row = row & 7u;
  let scale = bitcast<f32>((byte_at(matrix, block, panel_row) << 19u) + 0x39000000u);
  let zero = f32(byte_at(matrix, block + 2u, panel_row)) / 32.0;
  let last = extractBits(column, 4u, 1u);
  let field = extractBits(column, 2u, 2u);
  let byte_bit = (column & 3u) * 8u;
  let codes = load_weights_word(matrix, block + 4u + last * 8u + panel_row);
  let third_place = byte_bit + last * 4u + (field & 1u) * 2u + (field >> 1u);
  let third = third_bit(matrix, block, panel_row, third_place);
  return scale * (f32(extractBits(codes, byte_bit + field * 2u, 2u) + third * 4u) - zero);
}
