// Blocks of 4-bit weights that begin with vec4s of f16, one for each row: first the scales. A
// format adds halves_vec4s.
#include "units/quad.wgsl"
#include "weights/nibbles.wgsl"
const block_units = halves_vec4s + 8u;

fn halves_of(words: vec4<u32>) -> Rows {
  return Rows(vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y)),
              vec4<f32>(unpack2x16float(words.z), unpack2x16float(words.w)));
}

fn scales_at(matrix: u32, block: u32) -> Rows {
  return halves_of(load_weights(matrix, block));
}

fn quants_at(matrix: u32, block: u32, i: u32) -> vec4<u32> {
  return load_weights(matrix, block + halves_vec4s + i);
}
