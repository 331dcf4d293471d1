// One weight of a row-major f16 matrix.
fn weight_at(matrix: u32, row: u32, column: u32) -> f32 {
  let element = row * weight_columns() + column;
  return unpack2x16float(load_weights_word(matrix, element >> 1u))[element & 1u];
}
