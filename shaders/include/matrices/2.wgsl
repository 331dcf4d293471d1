// Two matrices of weights, read in units that the weights' format chooses (units/*.wgsl).
const matrix_count = 2u;

@group(0) @binding(3) var<storage, read> weights_0: array<Unit>;
@group(0) @binding(4) var<storage, read> weights_1: array<Unit>;

fn load_unit(matrix: u32, index: u32) -> Unit {
  if (matrix == 0u) {
    return weights_0[index];
  }
  return weights_1[index];
}
