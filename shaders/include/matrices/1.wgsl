// One matrix of weights, 16 bytes at a time.
const matrix_count = 1u;

@group(0) @binding(3) var<storage, read> weights_0: array<vec4<u32>>;

fn load_weights(matrix: u32, index: u32) -> vec4<u32> {
  return weights_0[index];
}
