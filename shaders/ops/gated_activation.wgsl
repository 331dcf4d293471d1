// out = activation(gate) * up, element by element; all [tokens, width], out may be gate or up.
// One thread an element.
#include "activations/scalar.wgsl"
#include "numbers/activation_function.wgsl"

override workgroup_size: u32 = 64u;

struct Parameters {
  count: u32,
  gate: u32,
  up: u32,
  out: u32,
  activation: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(global_invocation_id) invocation: vec3<u32>,
        @builtin(num_workgroups) workgroups: vec3<u32>) {
  let i = invocation.x + invocation.y * workgroups.x * workgroup_size;
  if (i >= parameters.count) {
    return;
  }
  let gate = activate(parameters.activation, read_f32(parameters.gate + i));
  write_f32(parameters.out + i, gate * read_f32(parameters.up + i));
}
