// One weight of a row-major f32 matrix.
fn weight_at(matrix: u32, row: u32, column: u32) -> f32 {
  return bitcast<f32>(load_weights_word(matrix, row * weight_columns() + column));
}
