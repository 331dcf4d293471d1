// Three matrices of weights, read in units that the weights' format chooses (units/*.wgsl).
const matrix_count = 3u;

@group(0) @binding(3) var<storage, read> weights_0: array<Unit>;
@group(0) @binding(4) var<storage, read> weights_1: array<Unit>;
@group(0) @binding(5) var<storage, read> weights_2: array<Unit>;

fn load_unit(matrix: u32, index: u32) -> Unit {
  if (matrix == 0u) {
    return weights_0[index];
  }
  if (matrix == 1u) {
    return weights_1[index];
  }
  return weights_2[index];
}
