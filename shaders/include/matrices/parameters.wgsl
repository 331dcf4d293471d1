// What products of few tokens with up to three matrices are told.
struct Matrix {
  rows: u32,
  out: u32,
  stride: u32,  // of out and of the residual, between tokens
  bias: u32,    // or nowhere
}

struct Parameters {
  columns: u32,
  x: u32,
  norm: u32,
  epsilon: f32,
  residual: u32,  // or nowhere
  activation: u32,
  padding_0: u32,
  padding_1: u32,
  matrices: array<Matrix, 3>,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

fn weight_columns() -> u32 {
  return parameters.columns;
}

fn weight_rows(matrix: u32) -> u32 {
  return parameters.matrices[matrix].rows;
}
