// Slices of q2 and q3 for products: a slice is 8 rows x 16 columns, two vec4s of the low planes. A
// format adds quant_mask, columns_of(matrix, block, i) and third_words(matrix, block, i), the third
// bits as low_words has the first. {products} is their arithmetic: planes_dot(matrix, block, i, x)
// of the quads i, i + 1, i + 4 and i + 5.
#include "weights/low_bits.wgsl"
#include "weights/low_bits_dot_{products}.wgsl"
const slice_quads = 4u;

// Whole quants of column j of the quads i and i + 4: of even rows from the bits 0 and 4 on, of odd
// rows from the bits 16 and 20 on. Other bits are of other columns.
struct Columns {
  j0: vec4<u32>,
  j1: vec4<u32>,
  j2: vec4<u32>,
  j3: vec4<u32>,
}

// Products of quants with x, and the sum of x.
struct Dots {
  rows: Rows,
  sum: f32,
}

fn sum_of(x: array<vec4<f32>, slice_quads>) -> f32 {
  let both = (x[0] + x[1]) + (x[2] + x[3]);
  return (both.x + both.y) + (both.z + both.w);
}

fn slice_count(columns: u32) -> u32 {
  return (columns + 31u) / 32u * 2u;
}

fn slice_column(slice: u32, quad: u32) -> u32 {
  return (slice >> 1u) * 32u + (quad >> 1u) * 16u + (slice & 1u) * 8u + (quad & 1u) * 4u;
}

// Brings the two bits of a weight together: for j = 0 and 2 in `even`, for j = 1 and 3 in `odd`.
fn low_columns(words: vec4<u32>) -> Columns {
  let even = (words & vec4<u32>(0x00550055u)) |
             ((words >> vec4<u32>(7u)) & vec4<u32>(0x00aa00aau));
  let odd = ((words >> vec4<u32>(1u)) & vec4<u32>(0x00550055u)) |
            ((words >> vec4<u32>(8u)) & vec4<u32>(0x00aa00aau));
  return Columns(even, odd, even >> vec4<u32>(2u), odd >> vec4<u32>(2u));
}

fn slice_dot(matrix: u32, panel: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  let block = block_of(panel, slice >> 1u);
  let lines = lines_at(matrix, block);
  let zeros = zeros_of(lines);
  let dots = planes_dot(matrix, block, (slice & 1u) * 2u, x);
  return Rows((dots.rows.low - zeros.low * dots.sum) * scales_of(lines.x),
              (dots.rows.high - zeros.high * dots.sum) * scales_of(lines.y));
}
