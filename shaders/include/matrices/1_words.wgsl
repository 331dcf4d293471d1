// One matrix of weights whose rows do not begin at multiples of 16 bytes, word by word.
const matrix_count = 1u;

@group(0) @binding(3) var<storage, read> weights_0: array<u32>;

fn load_weights_word(matrix: u32, index: u32) -> u32 {
  return weights_0[index];
}
