// Tiles and products in f32.
alias number = f32;

fn to_numbers(values: vec4<f32>) -> vec4<f32> {
  return values;
}

// Adds a tile's products of a thread's 8 rows with its tokens.
fn multiply(row_octet: u32, token_group: u32, sums: ptr<function, Sums>) {
  for (var quad = 0u; quad < tile_columns / 4u; quad++) {
    var x = array<vec4<f32>, thread_tokens>();
    for (var t = 0u; t < thread_tokens; t++) {
      x[t] = x_tile[x_index(token_of(token_group, t), quad)];
    }
    for (var j = 0u; j < 4u; j++) {
      let at = weight_index(quad * 4u + j, row_octet * 2u);
      let low = weight_tile[at];
      let high = weight_tile[at + 1u];
      for (var t = 0u; t < thread_tokens; t++) {
        (*sums).low[t] += low * x[t][j];
        (*sums).high[t] += high * x[t][j];
      }
    }
  }
}
