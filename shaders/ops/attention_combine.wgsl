// out[t, h, :] = sum_s factor_s * partials[t, h, s, :] / sum_s factor_s * weights_s, where
// factor_s = exp(maximum_s - the largest maximum): the second half of attention_group.wgsl and
// attention_packed.wgsl. One workgroup a token and head; splits <= 64.
#include "activations/scalar.wgsl"

override workgroup_size: u32 = 64u;

struct Parameters {
  head_size: u32,
  splits: u32,
  partials: u32,
  out: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

const splits_max = 64u;

var<workgroup> maxima: array<f32, splits_max>;
var<workgroup> weights: array<f32, splits_max>;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(num_workgroups) workgroups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let head_size = parameters.head_size;
  let row = workgroup.y * workgroups.x + workgroup.x;
  let stride = head_size + 2u;
  let first = parameters.partials + row * parameters.splits * stride;
  for (var split = thread; split < parameters.splits; split += workgroup_size) {
    maxima[split] = read_f32(first + split * stride + head_size);
    weights[split] = read_f32(first + split * stride + head_size + 1u);
  }
  workgroupBarrier();
  var maximum = maxima[0];
  for (var split = 1u; split < parameters.splits; split++) {
    maximum = max(maximum, maxima[split]);
  }
  for (var i = thread; i < head_size; i += workgroup_size) {
    var values = 0.0;
    var sum = 0.0;
    for (var split = 0u; split < parameters.splits; split++) {
      let factor = exp(max(maxima[split] - maximum, -100.0));
      values += factor * read_f32(first + split * stride + i);
      sum += factor * weights[split];
    }
    write_f32(parameters.out + row * head_size + i, values / max(sum, 1e-30));
  }
}
