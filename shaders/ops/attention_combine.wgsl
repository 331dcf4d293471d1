// out[t, h, :] = sum_s factor_s * partials[t, h, s, :] / sum_s factor_s * weights_s, where
// factor_s = exp(maximum_s - the largest maximum): the second half of attention_group.wgsl and
// attention_packed.wgsl. One workgroup a token and head; its threads are teams that share the
// splits, and a thread reads four of them at once. splits <= 64.
#include "activations/scalar.wgsl"

override workgroup_size: u32 = 256u;

struct Parameters {
  head_size: u32,
  splits: u32,
  partials: u32,
  out: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

const splits_max = 64u;
const lanes = 64u;  // of a team; every 64th element is a lane's
const teams_max = 16u;
const lowest = -3.0e38;

var<workgroup> maxima: array<f32, splits_max>;
var<workgroup> weights: array<f32, splits_max>;
var<workgroup> factors: array<f32, splits_max + teams_max * 4u>;  // zero behind the splits
var<workgroup> sums: array<f32, workgroup_size>;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(num_workgroups) workgroups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let head_size = parameters.head_size;
  let splits = parameters.splits;
  let row = workgroup.y * workgroups.x + workgroup.x;
  let stride = head_size + 2u;
  let first = parameters.partials + row * splits * stride;
  let width = min(lanes, workgroup_size);
  let teams = workgroup_size / width;
  for (var split = thread; split < splits; split += workgroup_size) {
    maxima[split] = read_f32(first + split * stride + head_size);
    weights[split] = read_f32(first + split * stride + head_size + 1u);
  }
  workgroupBarrier();
  var maximum = lowest;
  for (var split = 0u; split < splits; split++) {
    maximum = max(maximum, maxima[split]);
  }
  for (var split = thread; split < splits; split += workgroup_size) {
    factors[split] = exp(max(maxima[split] - maximum, -100.0));
  }
  workgroupBarrier();
  var weight_sum = 0.0;
  for (var split = 0u; split < splits; split++) {
    weight_sum += factors[split] * weights[split];
  }
  let team = thread / width;
  for (var begin = 0u; begin < head_size; begin += width) {
    // A lane behind the last element reads it, for nothing.
    let element = first + min(begin + thread % width, head_size - 1u);
    var sum = vec4<f32>();
    for (var split = team; split < splits; split += 4u * teams) {
      let at = min(vec4<u32>(split) + teams * vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(splits - 1u));
      let values = vec4<f32>(read_f32(element + at.x * stride), read_f32(element + at.y * stride),
                             read_f32(element + at.z * stride), read_f32(element + at.w * stride));
      sum += values * vec4<f32>(factors[split], factors[split + teams],
                                factors[split + 2u * teams], factors[split + 3u * teams]);
    }
    sums[thread] = (sum.x + sum.y) + (sum.z + sum.w);
    workgroupBarrier();
    if (team == 0u && begin + thread < head_size) {
      var whole = 0.0;
      for (var other = 0u; other < teams; other++) {
        whole += sums[other * width + thread];
      }
      write_f32(parameters.out + row * head_size + begin + thread,
                whole / max(weight_sum, 1e-30));
    }
    workgroupBarrier();
  }
}
