// Between a head's elements and its coordinates in a packed KV cache (ops/kv_codec.h), for a query
// and for a sum of values:
//   to_coordinates 1: target[t, h, :] = B^T source[t, h, :]
//   to_coordinates 0: target[t, h, :] = mean + B source[t, h, :]
// where B and mean are those of the key-value head h / group. A query whose keys have a mean that
// turns also leaves its factors (query_factors.wgsl). source, target and factors
// [tokens, query_heads, head_size], of which the first two may be the same; one workgroup a token
// and head; head_size <= 256.
#include "activations/scalar.wgsl"
#include "caches/packed_codecs.wgsl"
#include "caches/query_factors.wgsl"

override workgroup_size: u32 = 64u;

struct Parameters {
  head_size: u32,
  group: u32,
  to_coordinates: u32,
  source: u32,
  target_row: u32,
  factors: u32,
  turn_pairs: u32,  // 0: no factors
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read> codec: array<u32>;

var<workgroup> row: array<f32, 256>;

fn codec_number(index: u32) -> f32 {
  return half_of(codec[index >> 1u], index);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(num_workgroups) workgroups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let size = parameters.head_size;
  let first = (workgroup.y * workgroups.x + workgroup.x) * size;
  for (var i = thread; i < size; i += workgroup_size) {
    row[i] = read_f32(parameters.source + first + i);
  }
  workgroupBarrier();
  let mean = mean_at(size, workgroup.x / parameters.group);
  let matrix = mean - size * size;
  let is_query = parameters.to_coordinates == 1u;
  let i_stride = select(size, 1u, is_query);
  let j_stride = select(1u, size, is_query);
  for (var i = thread; i < size; i += workgroup_size) {
    var sum = 0.0;
    if (!is_query) {
      sum = codec_number(mean + i);
    }
    for (var j = 0u; j < size; j++) {
      sum += codec_number(matrix + i * i_stride + j * j_stride) * row[j];
    }
    write_f32(parameters.target_row + first + i, sum);
  }
  let pairs = parameters.turn_pairs;
  for (var pair = thread; pair < pairs; pair += workgroup_size) {
    let of_mean = vec2<f32>(codec_number(mean + pair), codec_number(mean + pair + pairs));
    let of_pair = query_factors(vec2<f32>(row[pair], row[pair + pairs]), of_mean);
    write_f32(parameters.factors + first + pair, of_pair.x);
    write_f32(parameters.factors + first + pairs + pair, of_pair.y);
  }
}
