// out = a + b, element by element; any shape, out may be a or b. One thread an element.
#include "activations/scalar.wgsl"

override workgroup_size: u32 = 64u;

struct Parameters {
  count: u32,
  a: u32,
  b: u32,
  out: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(global_invocation_id) invocation: vec3<u32>,
        @builtin(num_workgroups) workgroups: vec3<u32>) {
  let i = invocation.x + invocation.y * workgroups.x * workgroup_size;
  if (i >= parameters.count) {
    return;
  }
  write_f32(parameters.out + i, read_f32(parameters.a + i) + read_f32(parameters.b + i));
}
