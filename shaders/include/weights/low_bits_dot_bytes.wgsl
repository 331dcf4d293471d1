// Products of slices of q2 and q3 in bytes: of a row, the same column of the four quads lies in the
// four bytes of a word.
#include "weights/bytes_of_x.wgsl"

// The first bytes of each half of two words, side by side: rows stay in their halves.
fn side_by_side(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
  return (a & vec4<u32>(0x00ff00ffu)) | ((b << vec4<u32>(8u)) & vec4<u32>(0xff00ff00u));
}

// From the bytes of two quads those of four: the high nibbles, which are of the other two, become
// low ones. What the high nibbles hold then counts for nothing.
fn spread(two_bytes: vec4<u32>) -> vec4<u32> {
  return two_bytes | (two_bytes << vec4<u32>(12u));
}

// Of a column of the four quads in every second row, added to `start`.
fn column_dot(start: vec4<i32>, codes: vec4<u32>, third: vec4<u32>, x: u32) -> vec4<i32> {
  let quants = (codes & vec4<u32>(0x03030303u)) | (third & vec4<u32>(0x04040404u));
  return start + vec4<i32>(dot4I8Packed(quants.x, x), dot4I8Packed(quants.y, x),
                           dot4I8Packed(quants.z, x), dot4I8Packed(quants.w, x));
}

// Of every second row. Two bits of the columns 0 and 2 of a quad are in `even`, those of 1 and 3 in
// `odd`; x[j] is column j.
fn rows_dot(even: vec4<u32>, odd: vec4<u32>, third: vec4<u32>, x: vec4<u32>) -> vec4<f32> {
  var sums = vec4<i32>(float_of_integer_bits);
  sums = column_dot(sums, even, third << vec4<u32>(2u), x.x);
  sums = column_dot(sums, odd, third << vec4<u32>(1u), x.y);
  sums = column_dot(sums, even >> vec4<u32>(2u), third, x.z);
  sums = column_dot(sums, odd >> vec4<u32>(2u), third >> vec4<u32>(1u), x.w);
  return integers_of(sums);
}

fn planes_dot(matrix: u32, block: u32, i: u32, x: array<vec4<f32>, slice_quads>) -> Dots {
  let largest = max(max(largest_of(x[0]), largest_of(x[1])),
                    max(largest_of(x[2]), largest_of(x[3])));
  let f = bytes_per_unit(largest);
  let column_x = vec4<u32>(rounded_bytes(vec4<f32>(x[0].x, x[1].x, x[2].x, x[3].x), f),
                           rounded_bytes(vec4<f32>(x[0].y, x[1].y, x[2].y, x[3].y), f),
                           rounded_bytes(vec4<f32>(x[0].z, x[1].z, x[2].z, x[3].z), f),
                           rounded_bytes(vec4<f32>(x[0].w, x[1].w, x[2].w, x[3].w), f));
  let sum = bytes_sum(column_x.x) + bytes_sum(column_x.y) + bytes_sum(column_x.z) +
            bytes_sum(column_x.w);
  let a = low_words(matrix, block, i);
  let b = low_words(matrix, block, i + 1u);
  let first = side_by_side(a, b);
  let second = ((a >> vec4<u32>(8u)) & vec4<u32>(0x00ff00ffu)) | (b & vec4<u32>(0xff00ff00u));
  let third = side_by_side(third_words(matrix, block, i), third_words(matrix, block, i + 1u));
  let even = (first & vec4<u32>(0x55555555u)) |
             ((second << vec4<u32>(1u)) & vec4<u32>(0xaaaaaaaau));
  let odd = ((first >> vec4<u32>(1u)) & vec4<u32>(0x55555555u)) |
            (second & vec4<u32>(0xaaaaaaaau));
  let half = vec4<u32>(0xffffu);
  let upper = vec4<u32>(16u);
  let rows = rows_of(
      rows_dot(spread(even & half), spread(odd & half), spread(third & half), column_x),
      rows_dot(spread(even >> upper), spread(odd >> upper), spread(third >> upper), column_x));
  let unit = largest / 127.0;
  return Dots(Rows(rows.low * unit, rows.high * unit), f32(sum) * unit);
}
