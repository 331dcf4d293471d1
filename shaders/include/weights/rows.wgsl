// What weights of every format offer to a kernel that multiplies. A slice is 8 rows (a panel) by
// 4 or 8 columns, as one thread takes it; a kernel says what the matrices' shapes are by
// weight_columns() and weight_rows(matrix).
//   slice_quads, slice_count(columns), slice_column(slice, quad): where a slice's columns are
//   slice_dot(matrix, panel, slice, x): the dot products of 8 rows with 4 columns per quad
//   slice_parts, store_part(matrix, panel, slice, part), in weights/*_tile.wgsl: calls
//     store_rows(panel, column, quad, weights) with the weights of 4 rows, for the whole slice or
//     one of its parts
struct Rows {
  low: vec4<f32>,   // rows 0..3 of a panel
  high: vec4<f32>,  // rows 4..7
}

// Bits of 2^23: with an integer below 2^23 in the low bits they are the number 2^23 + integer.
const float_of_bits = 0x4b000000u;
const float_of_bits_value = 8388608.0;
