// Parts of a weight in a q4 or q4m block that begins at a word.
fn half_at(matrix: u32, halves_word: u32, row: u32) -> f32 {
  return unpack2x16float(load_weights_word(matrix, halves_word + ((row & 7u) >> 1u)))[row & 1u];
}

fn quant_at(matrix: u32, quants_word: u32, row: u32, column: u32) -> f32 {
  let word = load_weights_word(matrix, quants_word + ((column & 15u) >> 2u) * 8u + (row & 7u));
  return f32(extractBits(word, (column & 3u) * 8u + ((column & 16u) >> 2u), 4u));
}
