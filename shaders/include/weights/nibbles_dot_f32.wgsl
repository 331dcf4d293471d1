// Products of slices of 4-bit weights in f32.

// x: the columns' values, each divided by the unit of its mask.
fn half_dot(words: vec4<u32>, low_x: vec4<f32>, high_x: vec4<f32>) -> vec4<f32> {
  let upper = words >> vec4<u32>(16u);
  return nibbles(words, 0xfu, 1.0) * low_x.x + nibbles(words, 0xf00u, 256.0) * low_x.y +
         nibbles(upper, 0xfu, 1.0) * low_x.z + nibbles(upper, 0xf00u, 256.0) * low_x.w +
         nibbles(words, 0xf0u, 16.0) * high_x.x + nibbles(words, 0xf000u, 4096.0) * high_x.y +
         nibbles(upper, 0xf0u, 16.0) * high_x.z + nibbles(upper, 0xf000u, 4096.0) * high_x.w;
}

fn quants_dot(matrix: u32, block: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  let i = (slice & 3u) * 2u;
  let scales = scales_at(matrix, block);
  let low_x = x[0] * vec4<f32>(1.0, 1.0 / 256.0, 1.0, 1.0 / 256.0);
  let high_x = x[1] * vec4<f32>(1.0 / 16.0, 1.0 / 4096.0, 1.0 / 16.0, 1.0 / 4096.0);
  return Rows(half_dot(quants_at(matrix, block, i), low_x, high_x) * scales.low,
              half_dot(quants_at(matrix, block, i + 1u), low_x, high_x) * scales.high);
}
