// Matrices are read word by word, where blocks or rows begin at any of them.
alias Unit = u32;

fn load_weights_word(matrix: u32, index: u32) -> u32 {
  return load_unit(matrix, index);
}

fn load_four_words(matrix: u32, index: u32) -> vec4<u32> {
  return vec4<u32>(load_unit(matrix, index), load_unit(matrix, index + 1u),
                   load_unit(matrix, index + 2u), load_unit(matrix, index + 3u));
}
