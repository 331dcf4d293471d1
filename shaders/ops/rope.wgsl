// (x[i], x[i + half]) rotated by positions[t] * frequencies[i] and scaled, half = rotary_size / 2,
// in place; x [tokens, heads, head_size], frequencies [half]. One thread a pair.
#include "activations/scalar.wgsl"
#include "numbers/rotation.wgsl"

override workgroup_size: u32 = 64u;

struct Parameters {
  heads: u32,
  head_size: u32,
  half: u32,
  x: u32,
  positions: u32,
  frequencies: u32,
  scale: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(global_invocation_id) invocation: vec3<u32>,
        @builtin(workgroup_id) workgroup: vec3<u32>) {
  let token = workgroup.y;
  let head = invocation.x / parameters.half;
  let pair = invocation.x % parameters.half;
  if (head >= parameters.heads) {
    return;
  }
  let turn = parameters.scale * rotation(read_i32(parameters.positions + token),
                                         read_f32(parameters.frequencies + pair));
  let at = parameters.x + (token * parameters.heads + head) * parameters.head_size + pair;
  let first = read_f32(at);
  let second = read_f32(at + parameters.half);
  write_f32(at, first * turn.x - second * turn.y);
  write_f32(at + parameters.half, second * turn.x + first * turn.y);
}
