// Tiles and products in f16; sums of 16 columns are added up in f32.
enable f16;

alias number = f16;

const f16_quads = 4u;  // of columns

fn to_numbers(values: vec4<f32>) -> vec4<f16> {
  return vec4<f16>(clamp(values, vec4<f32>(-65504.0), vec4<f32>(65504.0)));
}

// Adds a tile's products of a thread's 8 rows with its tokens.
fn multiply(row_octet: u32, token_group: u32, sums: ptr<function, Sums>) {
  for (var first = 0u; first < tile_columns / 4u; first += f16_quads) {
    var low_sums = array<vec4<f16>, thread_tokens>();
    var high_sums = array<vec4<f16>, thread_tokens>();
    for (var quad = first; quad < first + f16_quads; quad++) {
      var x = array<vec4<f16>, thread_tokens>();
      for (var t = 0u; t < thread_tokens; t++) {
        x[t] = x_tile[x_index(token_of(token_group, t), quad)];
      }
      for (var j = 0u; j < 4u; j++) {
        let at = weight_index(quad * 4u + j, row_octet * 2u);
        let low = weight_tile[at];
        let high = weight_tile[at + 1u];
        for (var t = 0u; t < thread_tokens; t++) {
          low_sums[t] += low * x[t][j];
          high_sums[t] += high * x[t][j];
        }
      }
    }
    for (var t = 0u; t < thread_tokens; t++) {
      (*sums).low[t] += vec4<f32>(low_sums[t]);
      (*sums).high[t] += vec4<f32>(high_sums[t]);
    }
  }
}
