// out[r, :] = x[r, :] / sqrt(mean(x[r, :]^2) + epsilon) * weight
// x and out [rows, width], weight [width]; out may be x. One workgroup a row.
#include "activations/scalar.wgsl"
#include "vectors/scalar.wgsl"
#include "reduction/{reduction}.wgsl"

override workgroup_size: u32 = 64u;

struct Parameters {
  rows: u32,
  width: u32,
  x: u32,
  weight: u32,
  out: u32,
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(num_workgroups) workgroups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let row = workgroup.x + workgroup.y * workgroups.x;
  if (row >= parameters.rows) {
    return;
  }
  let first = row * parameters.width;
  var squares = 0.0;
  for (var i = thread; i < parameters.width; i += workgroup_size) {
    let value = read_f32(parameters.x + first + i);
    squares += value * value;
  }
  let mean = workgroup_sum(thread, squares) / f32(parameters.width);
  let factor = inverseSqrt(mean + parameters.epsilon);
  for (var i = thread; i < parameters.width; i += workgroup_size) {
    let value = read_f32(parameters.x + first + i) * factor * vectors[parameters.weight + i];
    write_f32(parameters.out + first + i, value);
  }
}
