// Two matrices of weights, 16 bytes at a time.
const matrix_count = 2u;

@group(0) @binding(3) var<storage, read> weights_0: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> weights_1: array<vec4<u32>>;

fn load_weights(matrix: u32, index: u32) -> vec4<u32> {
  if (matrix == 0u) {
    return weights_0[index];
  }
  return weights_1[index];
}
