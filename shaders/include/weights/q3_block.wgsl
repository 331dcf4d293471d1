// A block of q3 (quantization/q3.h) is 7 vec4s, the last 2 the high plane.
const block_vec4s = 7u;
const zero_step = 1.0 / 32.0;

// The third bits of the quads i and i + 4 in byte 0 of each half of a word.
fn third_words_of(matrix: u32, block: u32, i: u32) -> vec4<u32> {
  return load_weights(matrix, block + 5u + (i & 1u)) >> vec4<u32>((i >> 1u) * 8u);
}
