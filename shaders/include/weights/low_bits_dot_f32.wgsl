// Products of slices of q2 and q3 in f32.

// Of four bytes of each word.
fn bytes_dot(words: vec4<u32>, x: vec4<f32>) -> vec4<f32> {
  let upper = words >> vec4<u32>(16u);
  return quants(words, 0xffu) * x.x + quants(words, 0xff00u) * (x.y / 256.0) +
         quants(upper, 0xffu) * x.z + quants(upper, 0xff00u) * (x.w / 256.0);
}

fn half_dot(codes: vec4<u32>, third: vec4<u32>, x: array<vec4<f32>, slice_quads>) -> vec4<f32> {
  let first = octets_of(codes, third << vec4<u32>(2u));
  let second = octets_of(codes >> vec4<u32>(4u), third << vec4<u32>(1u));
  return bytes_dot(first.near, x[0]) + bytes_dot(first.far, x[1] / 4.0) +
         bytes_dot(second.near, x[2]) + bytes_dot(second.far, x[3] / 4.0);
}

fn quants_dot(matrix: u32, block: u32, i: u32, x: array<vec4<f32>, slice_quads>) -> Dots {
  return Dots(Rows(half_dot(codes_at(matrix, block, i), third_at(matrix, block, i), x),
                   half_dot(codes_at(matrix, block, i + 1u), third_at(matrix, block, i + 1u), x)),
              sum_of(x));
}
