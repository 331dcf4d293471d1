// Slices of q2 and q3 for products: a slice is a chunk, 8 rows x 16 columns. A format adds
// fields_of(matrix, block, chunk, half_panel).
#include "weights/low_bits.wgsl"
const slice_quads = 4u;

// The quants of 4 rows x 16 columns. Those of columns 8 * k + 4 * chunk + j begin at bit 2 * k of
// byte j: for j = 0 and 1 in `even` (k = 0 and 2) or `odd` (k = 1 and 3), for j = 2 and 3 at byte
// j - 2 of the others. They may reach into the next byte.
struct Fields {
  even: vec4<u32>,
  odd: vec4<u32>,
  upper_even: vec4<u32>,
  upper_odd: vec4<u32>,
}

fn slice_count(columns: u32) -> u32 {
  return (columns + 31u) / 32u * 2u;
}

fn slice_column(slice: u32, quad: u32) -> u32 {
  return (slice >> 1u) * 32u + quad * 8u + (slice & 1u) * 4u;
}

// The products of a quad whose quants begin at bit `first` of a byte; x is divided by the units of
// the quants' bits.
fn quad_dot(words: vec4<u32>, upper: vec4<u32>, first: u32, x: vec4<f32>) -> vec4<f32> {
  let mask = quant_mask << first;
  return quants(words, mask) * x.x + quants(words, mask << 8u) * x.y + quants(upper, mask) * x.z +
         quants(upper, mask << 8u) * x.w;
}

fn fields_dot(fields: Fields, x: array<vec4<f32>, slice_quads>) -> vec4<f32> {
  return quad_dot(fields.even, fields.upper_even, 0u, x[0]) +
         quad_dot(fields.odd, fields.upper_odd, 2u, x[1]) +
         quad_dot(fields.even, fields.upper_even, 4u, x[2]) +
         quad_dot(fields.odd, fields.upper_odd, 6u, x[3]);
}

fn slice_dot(matrix: u32, panel: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  let block = block_of(panel, slice >> 1u);
  let chunk = slice & 1u;
  let lines = load_weights(matrix, block);
  let low_fields = fields_of(matrix, block, chunk, 0u);
  let high_fields = fields_of(matrix, block, chunk, 1u);
  let by_byte = vec4<f32>(1.0, 1.0 / 256.0, 1.0, 1.0 / 256.0);
  let scaled_x = array<vec4<f32>, slice_quads>(x[0] * by_byte, x[1] * (by_byte / 4.0),
                                               x[2] * (by_byte / 16.0), x[3] * (by_byte / 64.0));
  let both = (x[0] + x[1]) + (x[2] + x[3]);
  let sum = (both.x + both.y) + (both.z + both.w);
  return Rows((fields_dot(low_fields, scaled_x) - zeros_of(lines.z) * sum) * scales_of(lines.x),
              (fields_dot(high_fields, scaled_x) - zeros_of(lines.w) * sum) * scales_of(lines.y));
}
