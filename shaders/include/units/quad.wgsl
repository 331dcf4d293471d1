// Matrices are read 16 bytes at a time.
alias Unit = vec4<u32>;

fn load_weights(matrix: u32, index: u32) -> vec4<u32> {
  return load_unit(matrix, index);
}
