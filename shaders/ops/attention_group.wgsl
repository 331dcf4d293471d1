// out[t, h, :] = sum_p softmax_p(scale * query[t, h, :] . key_cache[h / group, p, :]) *
//   value_cache[h / group, p, :], over the positions p that token t sees
// query and out [tokens, query_heads, head_size], caches of floats
// [key_value_heads, context_tokens_max, head_size], head_size <= 256, for few tokens: a workgroup
// takes up to heads_at_once query heads that share keys. The positions are shared among `splits`
// workgroups (Dao et al., "Flash-Decoding", 2023), which take a tile of them at a time: one
// position and head a thread. With one split out is written, else partial results
// (attention_combine.wgsl):
//   partials[t, h, split, 0 .. head_size + 1] = weighted values, maximum, sum of weights
// {query}: a single token's query and key may come as their projections left them.
#include "activations/scalar.wgsl"
#include "numbers/seen_share.wgsl"
#include "reduction/{reduction}.wgsl"
#include "caches/{cache}.wgsl"
#include "heads/{heads}.wgsl"
#include "queries/{query}.wgsl"

override workgroup_size: u32 = 128u;
override tile_positions: u32 = workgroup_size / heads_at_once;

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
  // For queries/rotated_group.wgsl:
  key: u32,
  value: u32,
  frequencies: u32,
  half: u32,
  rope_scale: f32,
  query_norm: u32,  // or nowhere
  key_norm: u32,    // or nowhere
  query_epsilon: f32,
  key_epsilon: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

const row_size = 256u;
const words_per_thread_max = 2u;
const lowest = -3.0e38;

// The queries, and after them a new key: [head][element]
var<workgroup> rows: array<f32, (heads_at_once + 1u) * row_size>;
// Parts of dot products, [head][position][lane], and in the end of sums of values, [head][thread].
var<workgroup> shares: array<vec2<f32>, workgroup_size * heads_at_once>;
var<workgroup> scores: array<f32, workgroup_size>;   // [head][position]
var<workgroup> weights: array<f32, workgroup_size>;  // [head][position]
var<workgroup> corrections: array<f32, heads_at_once>;
var<workgroup> shared_position: i32;

struct Heads {
  first: u32,      // of the query heads
  count: u32,
  key_value: u32,  // the head of the caches
}

fn heads_of(index: u32) -> Heads {
  let blocks = (parameters.group + heads_at_once - 1u) / heads_at_once;
  let first = index % blocks * heads_at_once;
  let count = min(heads_at_once, parameters.group - first);
  return Heads(index / blocks * parameters.group + first, count, index / blocks);
}

// Adds one word of a key's products with the heads' queries.
fn add_products(sums: ptr<function, array<f32, heads_at_once>>, element: u32,
                elements: vec2<f32>) {
  for (var h = 0u; h < heads_at_once; h++) {
    (*sums)[h] += rows[h * row_size + element] * elements.x;
    if (elements_per_word == 2u) {
      (*sums)[h] += rows[h * row_size + element + 1u] * elements.y;
    }
  }
}

fn new_key_word(word: u32) -> vec2<f32> {
  let at = heads_at_once * row_size + word * elements_per_word;
  return vec2<f32>(rows[at], rows[at + elements_per_word - 1u]);
}

// The parts of the heads' dot products with one key that a lane has: every heads_at_once-th word,
// four read at once. Behind a head's last word the queries are zero.
fn score_position(at: u32, lane: u32, cached_row: u32, is_new: bool) {
  var sums = array<f32, heads_at_once>();
  let head_words = parameters.head_size / elements_per_word;
  let first = cached_row * head_words;
  let last = head_words - 1u;
  for (var word = lane; word < head_words; word += 4u * heads_at_once) {
    let words = vec4<u32>(word) + heads_at_once * vec4<u32>(0u, 1u, 2u, 3u);
    if (is_new) {
      for (var i = 0u; i < 4u; i++) {
        add_products(&sums, words[i] * elements_per_word, new_key_word(min(words[i], last)));
      }
      continue;
    }
    let inside = first + min(words, vec4<u32>(last));
    let keys = vec4<u32>(key_cache[inside.x], key_cache[inside.y], key_cache[inside.z],
                         key_cache[inside.w]);
    for (var i = 0u; i < 4u; i++) {
      add_products(&sums, words[i] * elements_per_word, unpack_word(keys[i]));
    }
  }
  for (var h = 0u; h < heads_at_once; h++) {
    shares[(h * tile_positions + at) * heads_at_once + lane].x = sums[h];
  }
}

// A thread's own score of the tile.
fn own_score(thread: u32) -> f32 {
  var sum = 0.0;
  for (var lane = 0u; lane < heads_at_once; lane++) {
    sum += shares[thread * heads_at_once + lane].x;
  }
  return sum * parameters.scale;
}

fn highest_score(head: u32) -> f32 {
  var highest = lowest;
  for (var i = 0u; i < tile_positions; i++) {
    highest = max(highest, scores[head * tile_positions + i]);
  }
  return highest;
}

// Zero for positions that are not in the cache.
fn weight_at(head: u32, at: u32, cached: u32) -> f32 {
  return select(weights[head * tile_positions + min(at, tile_positions - 1u)], 0.0, at >= cached);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let token = workgroup.z;
  let heads = heads_of(workgroup.y);
  if (thread == 0u) {
    shared_position = read_i32(parameters.positions + token);
  }
  let position = workgroupUniformLoad(&shared_position);
  let share = share_of(workgroup.x, position);
  load_queries(thread, token, heads, position, workgroup.x == 0u);

  let head_words = parameters.head_size / elements_per_word;
  let cache = heads.key_value * parameters.context_tokens_max;
  let own_head = thread / tile_positions;
  let lanes = min(head_words, workgroup_size);
  let lane = thread % lanes;
  let teams = workgroup_size / lanes;
  let team = thread / lanes;
  var sums = array<array<vec2<f32>, words_per_thread_max>, heads_at_once>();
  var maximum = lowest;
  var weight_sum = 0.0;
  for (var tile = share.begin; tile < share.end; tile += tile_positions) {
    let count = min(share.end - tile, tile_positions);
    let scored = thread / heads_at_once;
    if (scored < count) {
      // A new key is not in the cache yet.
      let is_new = takes_new && tile + scored == u32(position);
      score_position(scored, thread % heads_at_once, cache + tile + scored, is_new);
    }
    workgroupBarrier();
    let is_inside = thread % tile_positions < count;
    let score = select(lowest, own_score(thread), is_inside);
    scores[thread] = score;
    workgroupBarrier();
    let new_maximum = max(maximum, highest_score(own_head));
    let correction = exp(max(maximum - new_maximum, -100.0));
    let weight = select(0.0, exp(max(score - new_maximum, -100.0)), is_inside);
    maximum = new_maximum;
    weight_sum = weight_sum * correction + weight;
    weights[thread] = weight;
    if (thread % tile_positions == 0u) {
      corrections[own_head] = correction;
    }
    workgroupBarrier();
    for (var h = 0u; h < heads_at_once; h++) {
      for (var k = 0u; k < words_per_thread_max; k++) {
        sums[h][k] *= corrections[h];
      }
    }
    // A new value is not in the cache yet.
    let has_new = takes_new && tile + count == u32(position) + 1u;
    let cached = count - select(0u, 1u, has_new);
    for (var k = 0u; k < words_per_thread_max; k++) {
      let word = lane + k * lanes;
      if (word >= head_words || team >= teams) {
        break;
      }
      for (var i = team; i < cached; i += 4u * teams) {
        let at = vec4<u32>(i) + teams * vec4<u32>(0u, 1u, 2u, 3u);
        let inside = (cache + tile + min(at, vec4<u32>(cached - 1u))) * head_words + word;
        let values = vec4<u32>(value_cache[inside.x], value_cache[inside.y],
                               value_cache[inside.z], value_cache[inside.w]);
        for (var j = 0u; j < 4u; j++) {
          let elements = unpack_word(values[j]);
          for (var h = 0u; h < heads_at_once; h++) {
            sums[h][k] += weight_at(h, at[j], cached) * elements;
          }
        }
      }
      if (has_new && team == 0u) {
        let elements = new_value(heads.key_value, word);
        for (var h = 0u; h < heads_at_once; h++) {
          sums[h][k] += weights[h * tile_positions + cached] * elements;
        }
      }
    }
  }

  // Every thread's parts, added up by head and word.
  workgroupBarrier();
  weights[thread] = weight_sum;
  let row_words = parameters.head_size + 2u;
  let is_whole = parameters.splits == 1u;
  for (var k = 0u; k * lanes < head_words; k++) {
    for (var h = 0u; h < heads_at_once; h++) {
      shares[h * workgroup_size + thread] = sums[h][k];
    }
    workgroupBarrier();
    for (var i = thread; i < heads.count * lanes; i += workgroup_size) {
      let h = i / lanes;
      let word = i % lanes + k * lanes;
      if (word >= head_words) {
        continue;
      }
      var sum = vec2<f32>();
      for (var other = 0u; other < teams; other++) {
        sum += shares[h * workgroup_size + i % lanes + other * lanes];
      }
      var total = 0.0;
      for (var other = 0u; other < tile_positions; other++) {
        total += weights[h * tile_positions + other];
      }
      let row = token * parameters.query_heads + heads.first + h;
      let partial = parameters.partials + (row * parameters.splits + workgroup.x) * row_words;
      let at = select(partial, parameters.out + row * parameters.head_size, is_whole);
      sum *= select(1.0, 1.0 / max(total, 1e-30), is_whole);
      write_f32(at + word * elements_per_word, sum.x);
      if (elements_per_word == 2u) {
        write_f32(at + word * 2u + 1u, sum.y);
      }
      if (!is_whole && word == 0u) {
        write_f32(partial + parameters.head_size + 1u, total);
      }
    }
    workgroupBarrier();
  }
  if (!is_whole && thread % tile_positions == 0u && own_head < heads.count) {
    let row = token * parameters.query_heads + heads.first + own_head;
    write_f32(parameters.partials + (row * parameters.splits + workgroup.x) * row_words +
              parameters.head_size, maximum);
  }
}
