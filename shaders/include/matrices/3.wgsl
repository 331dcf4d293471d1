// Three matrices of weights, 16 bytes at a time.
const matrix_count = 3u;

@group(0) @binding(3) var<storage, read> weights_0: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> weights_1: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read> weights_2: array<vec4<u32>>;

fn load_weights(matrix: u32, index: u32) -> vec4<u32> {
  if (matrix == 0u) {
    return weights_0[index];
  }
  if (matrix == 1u) {
    return weights_1[index];
  }
  return weights_2[index];
}
