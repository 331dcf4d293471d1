// Tiles and products in f16; sums of 8 columns are added up in f32.
enable f16;

alias number = f16;

fn to_numbers(values: vec4<f32>) -> vec4<f16> {
  return vec4<f16>(clamp(values, vec4<f32>(-65504.0), vec4<f32>(65504.0)));
}

// Adds a tile's products of 8 rows with 4 tokens.
fn multiply(row_octet: u32, token_quad: u32, low: ptr<function, array<vec4<f32>, 4>>,
            high: ptr<function, array<vec4<f32>, 4>>) {
  for (var first = 0u; first < tile_columns; first += 8u) {
    var low_sums = array<vec4<f16>, 4>();
    var high_sums = array<vec4<f16>, 4>();
    for (var column = first; column < first + 8u; column++) {
      let x = x_tile[column * (tile_tokens / 4u) + token_quad];
      let low_weights = weight_tile[column * (tile_rows / 4u) + row_octet * 2u];
      let high_weights = weight_tile[column * (tile_rows / 4u) + row_octet * 2u + 1u];
      for (var t = 0u; t < 4u; t++) {
        low_sums[t] += low_weights * x[t];
        high_sums[t] += high_weights * x[t];
      }
    }
    for (var t = 0u; t < 4u; t++) {
      (*low)[t] += vec4<f32>(low_sums[t]);
      (*high)[t] += vec4<f32>(high_sums[t]);
    }
  }
}
