// One matrix of weights, read in units that the weights' format chooses (units/*.wgsl).
const matrix_count = 1u;

@group(0) @binding(3) var<storage, read> weights_0: array<Unit>;

fn load_unit(matrix: u32, index: u32) -> Unit {
  return weights_0[index];
}
