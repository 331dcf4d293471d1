// out[t, h, :] = sum_p softmax_p(scale * query[t, h, :] . key_cache[h / group, p, :]) *
//   value_cache[h / group, p, :], over the positions p that token t sees
// query and out [tokens, query_heads, head_size], caches
// [key_value_heads, context_tokens_max, head_size], head_size <= 256, for many tokens: a workgroup
// of 128 threads takes 16 tokens of a head, and 32 positions at a time, so that scores are never
// written as a whole (Dao et al., "FlashAttention", 2022). A thread scores a position for 4 tokens,
// then adds up every 32nd element of the values for the same 4 tokens.
#include "activations/scalar.wgsl"
#include "caches/{cache}.wgsl"
#include "caches/{rows}_tile.wgsl"

struct Parameters {
  tokens: u32,
  query_heads: u32,
  group: u32,
  head_size: u32,
  context_tokens_max: u32,
  window_tokens: u32,
  query: u32,
  positions: u32,
  out: u32,
  scale: f32,
  // For caches/packed_tile.wgsl:
  key_row_bytes: u32,
  key_coordinates: u32,
  value_row_bytes: u32,
  value_coordinates: u32,
  turns: u32,
  turn_pairs: u32,
  turn_columns: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read> key_cache: array<u32>;
@group(0) @binding(3) var<storage, read> value_cache: array<u32>;

const workgroup_size = 128u;
const tile_tokens = 16u;
const tile_positions = 32u;
const slice_elements = 32u;  // of the heads at a time
const padded_positions = tile_positions + 1u;
const elements_per_thread_max = 256u / tile_positions;
const lowest = -3.0e38;

alias Sums = array<vec4<f32>, elements_per_thread_max>;

// [element][token / 4], [element][position], [position][token / 4]
var<workgroup> queries: array<vec4<f32>, slice_elements * tile_tokens / 4u>;
var<workgroup> keys: array<f32, slice_elements * padded_positions>;
var<workgroup> weights: array<vec4<f32>, tile_positions * tile_tokens / 4u>;
var<workgroup> shared_range: vec2<u32>;

// The first position that a token sees, and the one after its last.
fn seen_by(token: u32) -> vec2<u32> {
  if (token >= parameters.tokens) {
    return vec2<u32>(0xffffffffu, 0u);
  }
  let position = read_i32(parameters.positions + token);
  let end = u32(clamp(position + 1, 0, i32(parameters.context_tokens_max)));
  let window = select(parameters.window_tokens, end, parameters.window_tokens == 0u);
  return vec2<u32>(end - min(end, window), end);
}

fn query_at(token: u32, head: u32, element: u32) -> f32 {
  if (token >= parameters.tokens || element >= scored_elements()) {
    return 0.0;
  }
  let row = token * parameters.query_heads + head;
  if (element >= parameters.head_size) {
    let factor = element - parameters.head_size;
    return read_f32(parameters.out + row * parameters.head_size + factor);
  }
  return read_f32(parameters.query + row * parameters.head_size + element);
}

fn load_queries(thread: u32, first_token: u32, head: u32, first_element: u32) {
  let element = first_element + thread % slice_elements;
  let token = first_token + thread / slice_elements * 4u;
  queries[thread % slice_elements * (tile_tokens / 4u) + thread / slice_elements] =
      vec4<f32>(query_at(token, head, element), query_at(token + 1u, head, element),
                query_at(token + 2u, head, element), query_at(token + 3u, head, element));
}

// 1 for each of 4 tokens that sees the position.
fn sees(position: u32, begins: vec4<u32>, ends: vec4<u32>) -> vec4<bool> {
  return (vec4<u32>(position) >= begins) & (vec4<u32>(position) < ends);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let head = workgroup.x;
  let first_token = workgroup.y * tile_tokens;
  let cache = head / parameters.group * parameters.context_tokens_max;
  let lane = thread % tile_positions;
  let quad = thread / tile_positions;
  var begins = vec4<u32>();
  var ends = vec4<u32>();
  for (var i = 0u; i < 4u; i++) {
    let seen = seen_by(first_token + quad * 4u + i);
    begins[i] = seen.x;
    ends[i] = seen.y;
  }
  if (thread == 0u) {
    var all = vec2<u32>(0xffffffffu, 0u);
    for (var i = 0u; i < tile_tokens; i++) {
      let seen = seen_by(first_token + i);
      all = vec2<u32>(min(all.x, seen.x), max(all.y, seen.y));
    }
    shared_range = all;
  }
  let range = workgroupUniformLoad(&shared_range);

  var sums = Sums();
  var maxima = vec4<f32>(lowest);
  var weight_sums = vec4<f32>();
  for (var first = range.x; first < range.y; first += tile_positions) {
    var scores = vec4<f32>();
    for (var element = 0u; element < scored_elements(); element += slice_elements) {
      load_queries(thread, first_token, head, element);
      load_keys(thread, cache, first, range.y, element);
      workgroupBarrier();
      for (var i = 0u; i < slice_elements; i++) {
        scores += queries[i * (tile_tokens / 4u) + quad] * keys[i * padded_positions + lane];
      }
      workgroupBarrier();
    }
    let is_seen = sees(first + lane, begins, ends);
    scores = select(vec4<f32>(lowest), scores * parameters.scale, is_seen);
    weights[lane * (tile_tokens / 4u) + quad] = scores;
    workgroupBarrier();
    var new_maxima = maxima;
    for (var i = 0u; i < tile_positions; i++) {
      new_maxima = max(new_maxima, weights[i * (tile_tokens / 4u) + quad]);
    }
    workgroupBarrier();
    let own = exp(max(scores - new_maxima, vec4<f32>(-100.0)));
    weights[lane * (tile_tokens / 4u) + quad] = select(vec4<f32>(), own, is_seen);
    workgroupBarrier();
    let corrections = exp(max(maxima - new_maxima, vec4<f32>(-100.0)));
    maxima = new_maxima;
    weight_sums *= corrections;
    for (var k = 0u; k < elements_per_thread_max; k++) {
      sums[k] *= corrections;
    }
    weight_sums += add_values(&sums, thread, cache + first, min(range.y - first, tile_positions));
  }
  for (var k = 0u; k < elements_per_thread_max; k++) {
    let element = lane + k * tile_positions;
    let values = sums[k] / max(weight_sums, vec4<f32>(1e-30));
    for (var i = 0u; i < 4u; i++) {
      let token = first_token + quad * 4u + i;
      if (element < parameters.head_size && token < parameters.tokens) {
        let row = token * parameters.query_heads + head;
        write_f32(parameters.out + row * parameters.head_size + element, values[i]);
      }
    }
  }
}
