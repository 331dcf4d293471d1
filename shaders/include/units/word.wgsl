// Matrices are read word by word, where blocks or rows begin at any of them.
alias Unit = u32;

fn load_weights_word(matrix: u32, index: u32) -> u32 {
  return load_unit(matrix, index);
}
