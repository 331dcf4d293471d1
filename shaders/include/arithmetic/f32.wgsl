// Tiles and products in f32.
alias number = f32;
alias Sums = Products;

fn to_numbers(values: vec4<f32>) -> vec4<f32> {
  return values;
}

// Adds a tile's products of a thread's 8 rows with its tokens.
fn multiply(row_octet: u32, token_group: u32, sums: ptr<function, Sums>) {
  for (var quad = 0u; quad < tile_quads; quad++) {
    add_quad(sums, row_octet, token_group, quad);
  }
}
