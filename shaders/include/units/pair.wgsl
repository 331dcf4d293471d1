// Matrices are read 8 bytes at a time, where blocks do not begin at multiples of 16.
alias Unit = vec2<u32>;

fn load_pair(matrix: u32, index: u32) -> vec2<u32> {
  return load_unit(matrix, index);
}

fn load_two_pairs(matrix: u32, index: u32) -> vec4<u32> {
  return vec4<u32>(load_unit(matrix, index), load_unit(matrix, index + 1u));
}
