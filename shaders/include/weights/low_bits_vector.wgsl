// Slices of q2 and q3 for products: a slice is 8 rows x 16 columns, two vec4s of codes. {products}
// is their arithmetic: quants_dot(matrix, block, i, x) of codes i and i + 1.
#include "numbers/largest_of.wgsl"
#include "weights/low_bits_dot_{products}.wgsl"
const slice_quads = 4u;

// Products of quants with x, and the sum of x.
struct Dots {
  rows: Rows,
  sum: f32,
}

fn slice_count(columns: u32) -> u32 {
  return (columns + 31u) / 32u * 2u;
}

fn slice_column(slice: u32, quad: u32) -> u32 {
  return slice * 16u + quad * 4u;
}

fn sum_of(x: array<vec4<f32>, slice_quads>) -> f32 {
  let both = (x[0] + x[1]) + (x[2] + x[3]);
  return (both.x + both.y) + (both.z + both.w);
}

fn largest_of_slice(x: array<vec4<f32>, slice_quads>) -> f32 {
  return max(max(largest_of(x[0]), largest_of(x[1])), max(largest_of(x[2]), largest_of(x[3])));
}

fn slice_dot(matrix: u32, panel: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  let block = block_of(panel, slice >> 1u);
  let lines = lines_at(matrix, block);
  let dots = quants_dot(matrix, block, (slice & 1u) * 2u, x);
  return Rows((dots.rows.low - zeros_of(lines.z) * dots.sum) * scales_of(lines.x),
              (dots.rows.high - zeros_of(lines.w) * dots.sum) * scales_of(lines.y));
}
