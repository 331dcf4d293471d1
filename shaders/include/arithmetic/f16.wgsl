// Tiles and products in f16; sums of 16 columns are added up in f32.
enable f16;

alias number = f16;

const f16_quads = 4u;  // of columns

struct Sums {
  low: array<vec4<f32>, thread_tokens>,
  high: array<vec4<f32>, thread_tokens>,
}

fn to_numbers(values: vec4<f32>) -> vec4<f16> {
  return vec4<f16>(clamp(values, vec4<f32>(-65504.0), vec4<f32>(65504.0)));
}

// Adds a tile's products of a thread's 8 rows with its tokens.
fn multiply(row_octet: u32, token_group: u32, sums: ptr<function, Sums>) {
  for (var first = 0u; first < tile_quads; first += f16_quads) {
    var products = Products();
    for (var quad = first; quad < first + f16_quads; quad++) {
      add_quad(&products, row_octet, token_group, quad);
    }
    for (var t = 0u; t < thread_tokens; t++) {
      (*sums).low[t] += vec4<f32>(products.low[t]);
      (*sums).high[t] += vec4<f32>(products.high[t]);
    }
  }
}
