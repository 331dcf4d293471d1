// A head's row in workgroup memory: loaded, normed if it has a norm, then read rotated as in
// rope.wgsl. Needs of the parameters: head_size <= 256, half, frequencies, rope_scale.
#include "numbers/nowhere.wgsl"
#include "numbers/rotation.wgsl"

var<workgroup> row: array<f32, 256>;

// row = x, normed if `norm` is somewhere.
fn load_row(thread: u32, at: u32, norm: u32, epsilon: f32) {
  var squares = 0.0;
  for (var i = thread; i < parameters.head_size; i += workgroup_size) {
    row[i] = read_f32(at + i);
    squares += row[i] * row[i];
  }
  if (norm != nowhere) {
    let mean = workgroup_sum(thread, squares) / f32(parameters.head_size);
    for (var i = thread; i < parameters.head_size; i += workgroup_size) {
      row[i] *= inverseSqrt(mean + epsilon) * vectors[norm + i];
    }
  }
  workgroupBarrier();
}

fn rotated(element: u32, position: i32) -> f32 {
  let half = parameters.half;
  if (element >= 2u * half) {
    return row[element];
  }
  let pair = select(element, element - half, element >= half);
  let turn = parameters.rope_scale * rotation(position, read_f32(parameters.frequencies + pair));
  if (element < half) {
    return row[element] * turn.x - row[element + half] * turn.y;
  }
  return row[element] * turn.x + row[element - half] * turn.y;
}
