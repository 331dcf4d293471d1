// out[t, h, :] = sum_p softmax_p(scale * query[t, h, :] . keys[h / group, p, :]) *
//   values[h / group, p, :], over the positions p that token t sees
// query and out [tokens, query_heads, head_size], both in the coordinates of packed caches
// (kv_turn.wgsl; out holds the queries' factors before), packed keys and values
// [key_value_heads, context_tokens_max] rows, head_size <= 256. The positions are shared among
// `splits` workgroups for each token and head (Dao et al., "Flash-Decoding", 2023); each scores as
// many as it has threads at a time, and keeps a running maximum. With one split it writes out, else
// partial results (attention_combine.wgsl):
//   partials[t, h, split, 0 .. head_size + 1] = weighted values, maximum, sum of weights
#include "activations/scalar.wgsl"
#include "numbers/seen_share.wgsl"
#include "reduction/{reduction}.wgsl"
#include "caches/packed_rows.wgsl"

override workgroup_size: u32 = 64u;

struct Parameters {
  query_heads: u32,
  group: u32,
  head_size: u32,
  context_tokens_max: u32,
  window_tokens: u32,
  splits: u32,
  query: u32,
  positions: u32,
  out: u32,
  partials: u32,
  scale: f32,
  // For caches/packed_rows.wgsl:
  key_row_bytes: u32,
  key_units: u32,
  key_unit_count: u32,
  value_row_bytes: u32,
  value_units: u32,
  value_unit_count: u32,
  turns: u32,
  turn_pairs: u32,
  turn_columns: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read> key_cache: array<u32>;
@group(0) @binding(3) var<storage, read> value_cache: array<u32>;

const lowest = -3.0e38;

var<workgroup> query_row: array<f32, 256>;
var<workgroup> weights: array<f32, workgroup_size>;
var<workgroup> shares: array<Elements, workgroup_size>;
var<workgroup> shared_position: i32;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let head_size = parameters.head_size;
  let row = workgroup.z * parameters.query_heads + workgroup.y;
  if (thread == 0u) {
    shared_position = read_i32(parameters.positions + workgroup.z);
  }
  let position = workgroupUniformLoad(&shared_position);
  let share = share_of(workgroup.x, position);
  for (var i = thread; i < head_size; i += workgroup_size) {
    query_row[i] = read_f32(parameters.query + row * head_size + i);
  }
  let factors = parameters.out + row * head_size;
  workgroupBarrier();
  prepare_query(thread);

  let units = value_units();
  let cache = workgroup.y / parameters.group * parameters.context_tokens_max;
  let lanes = min(units, workgroup_size);
  let lane = thread % lanes;
  let teams = workgroup_size / lanes;
  let team = thread / lanes;
  var sums = array<Elements, units_per_thread_max>();
  var maximum = lowest;
  var weight_sum = 0.0;
  for (var tile = share.begin; tile < share.end; tile += workgroup_size) {
    var own_score = lowest;
    move_factors(thread, factors, tile);
    if (tile + thread < share.end) {
      own_score = score(thread, cache + tile + thread);
    }
    let new_maximum = max(maximum, workgroup_max(thread, own_score));
    let correction = exp(max(maximum - new_maximum, -100.0));
    maximum = new_maximum;
    var own_weight = 0.0;
    weights[thread] = 0.0;
    if (tile + thread < share.end) {
      own_weight = exp(max(own_score - maximum, -100.0));
      weights[thread] = own_weight * value_scale(cache + tile + thread);
    }
    weight_sum = weight_sum * correction + own_weight;
    workgroupBarrier();
    for (var k = 0u; k < units_per_thread_max; k++) {
      sums[k] *= correction;
    }
    let count = select(min(share.end - tile, workgroup_size), 0u, team >= teams);
    for (var i = team; i < count; i += teams) {
      for (var k = 0u; k < units_per_thread_max; k++) {
        let unit = lane + k * lanes;
        if (unit < units) {
          sums[k] += weights[i] * value_elements(cache + tile + i, unit);
        }
      }
    }
    workgroupBarrier();
  }

  let total = workgroup_sum(thread, weight_sum);
  let partial = parameters.partials +
                (row * parameters.splits + workgroup.x) * (head_size + 2u);
  let target_row = select(partial, parameters.out + row * head_size, parameters.splits == 1u);
  let factor = select(1.0, 1.0 / max(total, 1e-30), parameters.splits == 1u);
  for (var k = 0u; k < units_per_thread_max; k++) {
    shares[thread] = sums[k];
    workgroupBarrier();
    let unit = lane + k * lanes;
    if (team == 0u && unit < units) {
      var sum = Elements();
      for (var i = 0u; i < teams; i++) {
        sum += shares[lane + i * lanes];
      }
      write_elements(target_row, unit, sum * factor);
    }
    workgroupBarrier();
  }
  if (parameters.splits > 1u && thread == 0u) {
    write_f32(partial + head_size, maximum);
    write_f32(partial + head_size + 1u, total);
  }
}
