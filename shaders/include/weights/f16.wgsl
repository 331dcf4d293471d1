// Weights f16, row-major; the columns' count is a multiple of 8.
#include "units/quad.wgsl"
#include "weights/rows.wgsl"
const slice_quads = 2u;

fn slice_count(columns: u32) -> u32 {
  return columns / 8u;
}

fn slice_column(slice: u32, quad: u32) -> u32 {
  return slice * 8u + quad * 4u;
}

fn row_words(matrix: u32, row: u32, slice: u32) -> vec4<u32> {
  let inside = min(row, weight_rows(matrix) - 1u);
  return load_weights(matrix, inside * (weight_columns() / 8u) + slice);
}

fn quad_of(first: u32, second: u32) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(first), unpack2x16float(second));
}

fn row_dot(matrix: u32, row: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> f32 {
  let words = row_words(matrix, row, slice);
  return dot(quad_of(words.x, words.y), x[0]) + dot(quad_of(words.z, words.w), x[1]);
}

fn slice_dot(matrix: u32, panel: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  let row = panel * 8u;
  return Rows(
      vec4<f32>(row_dot(matrix, row, slice, x), row_dot(matrix, row + 1u, slice, x),
                row_dot(matrix, row + 2u, slice, x), row_dot(matrix, row + 3u, slice, x)),
      vec4<f32>(row_dot(matrix, row + 4u, slice, x), row_dot(matrix, row + 5u, slice, x),
                row_dot(matrix, row + 6u, slice, x), row_dot(matrix, row + 7u, slice, x)));
}
