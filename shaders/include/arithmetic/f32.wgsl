// Tiles and products in f32.
alias number = f32;

fn to_numbers(values: vec4<f32>) -> vec4<f32> {
  return values;
}

// Adds a tile's products of 8 rows with 4 tokens.
fn multiply(row_octet: u32, token_quad: u32, low: ptr<function, array<vec4<f32>, 4>>,
            high: ptr<function, array<vec4<f32>, 4>>) {
  for (var column = 0u; column < tile_columns; column++) {
    let x = x_tile[column * (tile_tokens / 4u) + token_quad];
    let low_weights = weight_tile[column * (tile_rows / 4u) + row_octet * 2u];
    let high_weights = weight_tile[column * (tile_rows / 4u) + row_octet * 2u + 1u];
    for (var t = 0u; t < 4u; t++) {
      (*low)[t] += low_weights * x[t];
      (*high)[t] += high_weights * x[t];
    }
  }
}
