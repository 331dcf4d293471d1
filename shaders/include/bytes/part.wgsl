// Sixteen columns of x as signed bytes. A format of weights (bytes/<format>.wgsl), whose blocks of
// 8 rows x 32 columns lie in the workgroup's memory, offers:
//   block_words                  how many words a block has
//   block_of(panel, group)       where one begins in its matrix
//   packed(x)                    the bytes of 16 columns in the order its weights are in
//   block_dot(at, low, high)     the products of a block, staged_word(at) its first word, with the
//                                columns 0..15 and 16..31
struct Part {
  bytes: vec4<u32>,
  scale: f32,  // a column is its byte times the scale
  sum: f32,    // of the columns as rounded
}

fn largest_of(values: vec4<f32>) -> f32 {
  let pair = max(abs(values.xy), abs(values.zw));
  return max(pair.x, pair.y);
}

fn bytes_sum(bytes: vec4<u32>) -> i32 {
  return dot4I8Packed(bytes.x, 0x01010101u) + dot4I8Packed(bytes.y, 0x01010101u) +
         dot4I8Packed(bytes.z, 0x01010101u) + dot4I8Packed(bytes.w, 0x01010101u);
}

// Rounds 16 columns of which `largest` is the largest magnitude. The least such that its inverse is
// no infinity stands for zero.
fn rounded(x: array<vec4<f32>, 4>, largest: f32) -> Part {
  let to_bytes = select(0.0, 127.0 / largest, largest > 0x1p-118);
  let bytes = packed(array<vec4<f32>, 4>(x[0] * to_bytes, x[1] * to_bytes, x[2] * to_bytes,
                                         x[3] * to_bytes));
  let scale = largest / 127.0;
  return Part(bytes, scale, f32(bytes_sum(bytes)) * scale);
}

fn packed_quad(values: vec4<f32>) -> u32 {
  return pack4xI8(vec4<i32>(round(values)));
}
