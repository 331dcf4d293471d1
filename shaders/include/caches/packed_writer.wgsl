// How rope_kv_write.wgsl writes packed caches: a row becomes coordinates z = A (x - mean), then
// bytes, as quantization/kv_row.cpp makes them. A row shares words with its neighbours, which other
// workgroups write: words are written atomically, and no other bits than the row's.
#include "caches/packed.wgsl"
#include "caches/packed_codecs.wgsl"
#include "caches/query_factors.wgsl"
#include "caches/turning_mean.wgsl"
@group(0) @binding(3) var<storage, read_write> key_cache: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read_write> value_cache: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read> table: array<u32>;
@group(0) @binding(6) var<storage, read> key_codec: array<u32>;
@group(0) @binding(7) var<storage, read> value_codec: array<u32>;

const row_size = 264u;  // a head's and what vectors read beyond it
const scale_neighbours = 5u;
const scale_count = 12u;  // those around the middle one, and the least that cuts off no number
const parts = 4u;         // of a codebook, searched by a thread each

var<workgroup> coordinates: array<f32, row_size>;
var<workgroup> other: array<f32, row_size>;  // what coordinates are made of, then their weights
// [run][scale]: the error's bits, the last 8 replaced by the code.
var<workgroup> found: array<atomic<u32>, 256u * scale_count>;
var<workgroup> scale_errors: array<f32, scale_count>;
var<workgroup> best_scale: u32;

fn write_query(thread: u32, at: u32, head: u32, position: i32) {
  let size = parameters.head_size;
  for (var i = thread; i < size; i += workgroup_size) {
    other[i] = rotated(i, position);
  }
  workgroupBarrier();
  let codec = head / (parameters.query_heads / parameters.key_value_heads) * codec_size(size);
  for (var i = thread; i < size; i += workgroup_size) {
    var element = other[i];
    if (parameters.turns_query == 1u) {
      element = 0.0;
      for (var j = 0u; j < size; j++) {
        element += codec_number(true, codec + (size + j) * size + i) * other[j];
      }
    }
    write_f32(at + i, element);
  }
  let pairs = select(0u, parameters.turn_pairs, parameters.turns_query == 1u);
  let mean = mean_at(size, head / (parameters.query_heads / parameters.key_value_heads));
  let factors = parameters.factors + at - parameters.query;
  for (var pair = thread; pair < pairs; pair += workgroup_size) {
    let of_pair = query_factors(vec2<f32>(other[pair], other[pair + pairs]), mean_pair(mean, pair));
    write_f32(factors + pair, of_pair.x);
    write_f32(factors + pairs + pair, of_pair.y);
  }
}

// The mean of a pair's keys.
fn mean_pair(mean: u32, pair: u32) -> vec2<f32> {
  return vec2<f32>(codec_number(true, mean + pair),
                   codec_number(true, mean + pair + parameters.turn_pairs));
}

fn mean_element(is_key: bool, mean: u32, element: u32, position: i32) -> f32 {
  let pairs = parameters.turn_pairs;
  if (!is_key || element >= 2u * pairs) {
    return codec_number(is_key, mean + element);
  }
  let turn = turn_of(element % pairs, u32(max(position, 0)));
  let of_pair = mean_pair(mean, element % pairs);
  if (element < pairs) {
    return of_pair.x * turn.x - of_pair.y * turn.y;
  }
  return of_pair.y * turn.x + of_pair.x * turn.y;
}

fn codec_number(is_key: bool, index: u32) -> f32 {
  if (is_key) {
    return half_of(key_codec[index >> 1u], index);
  }
  return half_of(value_codec[index >> 1u], index);
}

fn make_coordinates(thread: u32, is_key: bool, head: u32, position: i32) {
  let size = parameters.head_size;
  let codec = head * codec_size(size);
  for (var i = thread; i < size; i += workgroup_size) {
    let element = select(row[i], rotated(i, position), is_key);
    other[i] = element - mean_element(is_key, mean_at(size, head), i, position);
  }
  workgroupBarrier();
  for (var i = thread; i < size; i += workgroup_size) {
    var sum = 0.0;
    for (var j = 0u; j < size; j++) {
      sum += codec_number(is_key, codec + i * size + j) * other[j];
    }
    coordinates[i] = sum;
  }
  workgroupBarrier();
  for (var i = thread; i < size; i += workgroup_size) {
    other[i] = codec_number(is_key, codec + (2u * size + 1u) * size + i);
  }
  workgroupBarrier();
}

fn nearest_scale(scale: f32) -> u32 {
  return u32(clamp((bitcast<i32>(scale) - (107 << 23u) + (1 << 19u)) >> 20u, 0, 255));
}

// (the scale of the mean square, the least that cuts off no number)
fn middle_and_least(thread: u32, runs: u32, run_count: u32) -> vec2<u32> {
  var squares = 0.0;
  var largest = 0.0;
  for (var i = thread; i < parameters.head_size; i += workgroup_size) {
    squares += coordinates[i] * coordinates[i];
  }
  for (var run = thread; run < run_count; run += workgroup_size) {
    let place = table[runs + run];
    if (place_book(place) == plain_numbers) {
      largest = max(largest, abs(coordinates[place_first(place)]));
    }
  }
  let mean = workgroup_sum(thread, squares) / f32(parameters.head_size);
  let least = workgroup_max(thread, largest) / (127.0 * number_step);
  var holds_all = nearest_scale(least);
  if (holds_all < 255u && scale_of(holds_all) < least) {
    holds_all++;
  }
  return vec2<u32>(nearest_scale(sqrt(mean)), holds_all);
}

fn scale_code(ends: vec2<u32>, index: u32) -> u32 {
  if (index + 1u == scale_count) {
    return ends.y;
  }
  return min(max(ends.x + index, scale_neighbours) - scale_neighbours, 255u);
}

fn four_scales(ends: vec2<u32>, first: u32) -> vec4<f32> {
  return vec4<f32>(scale_of(scale_code(ends, first)), scale_of(scale_code(ends, first + 1u)),
                   scale_of(scale_code(ends, first + 2u)), scale_of(scale_code(ends, first + 3u)));
}

fn keyed(errors: vec4<f32>, codes: vec4<u32>) -> vec4<u32> {
  return (bitcast<vec4<u32>>(errors) & vec4<u32>(0xffffff00u)) | codes;
}

fn keep(at: u32, keys: vec4<u32>) {
  for (var i = 0u; i < 4u; i++) {
    atomicMin(&found[at + i], keys[i]);
  }
}

fn round_number(place: u32, scales: vec4<f32>, at: u32) {
  let z = coordinates[place_first(place)];
  let steps = round(clamp(z / (scales * number_step), vec4<f32>(-127.0), vec4<f32>(127.0)));
  let errors = z - steps * scales * number_step;
  keep(at, keyed(other[place_first(place)] * errors * errors,
                 bitcast<vec4<u32>>(vec4<i32>(steps)) & vec4<u32>(255u)));
}

fn four_of(at: u32, is_weight: bool) -> vec4<f32> {
  if (is_weight) {
    return vec4<f32>(other[at], other[at + 1u], other[at + 2u], other[at + 3u]);
  }
  return vec4<f32>(coordinates[at], coordinates[at + 1u], coordinates[at + 2u],
                   coordinates[at + 3u]);
}

fn least_of(best: vec4<u32>, s: vec4<f32>, base: f32, norm: f32, product: f32, code: u32)
    -> vec4<u32> {
  return min(best, keyed(max(vec4<f32>(), base + s * (s * norm + product)), vec4<u32>(code)));
}

// The squared distance of scale * entry from z is |z|^2 + scale * (scale * |entry|^2 - 2 z.entry),
// weighted coordinate by coordinate: an entry is read once for all scales.
fn search_part(place: u32, part: u32, ends: vec2<u32>, at: u32) {
  let first = place_first(place);
  let width = vec4<u32>(place_count(place));
  let low_weights = select(vec4<f32>(), four_of(first, true), vec4<u32>(0u, 1u, 2u, 3u) < width);
  let high_weights =
      select(vec4<f32>(), four_of(first + 4u, true), vec4<u32>(4u, 5u, 6u, 7u) < width);
  let low = four_of(first, false);
  let high = four_of(first + 4u, false);
  let base = dot(low_weights * low, low) + dot(high_weights * high, high);
  let s0 = four_scales(ends, 0u) * (127.0 * number_step);
  let s1 = four_scales(ends, 4u) * (127.0 * number_step);
  let s2 = four_scales(ends, 8u) * (127.0 * number_step);
  var best0 = vec4<u32>(0xffffffffu);
  var best1 = best0;
  var best2 = best0;
  for (var code = part * (256u / parts); code < (part + 1u) * (256u / parts); code++) {
    let entry = entry_at(place_book(place), code);
    let a = unpack4x8snorm(table[entry]);
    var norm = dot(low_weights * a, a);
    var product = dot(low_weights * low, a);
    if (place_count(place) > 4u) {
      let b = unpack4x8snorm(table[entry + 1u]);
      norm += dot(high_weights * b, b);
      product += dot(high_weights * high, b);
    }
    best0 = least_of(best0, s0, base, norm, -2.0 * product, code);
    best1 = least_of(best1, s1, base, norm, -2.0 * product, code);
    best2 = least_of(best2, s2, base, norm, -2.0 * product, code);
  }
  keep(at, best0);
  keep(at + 4u, best1);
  keep(at + 8u, best2);
}

fn search_runs(thread: u32, runs: u32, run_count: u32, ends: vec2<u32>) {
  for (var i = thread; i < run_count * scale_count; i += workgroup_size) {
    atomicStore(&found[i], 0xffffffffu);
  }
  workgroupBarrier();
  for (var item = thread; item < run_count * parts; item += workgroup_size) {
    let place = table[runs + item / parts];
    let part = item % parts;
    let at = item / parts * scale_count;
    if (place_book(place) != plain_numbers) {
      search_part(place, part, ends, at);
    } else if (part * 4u < scale_count) {
      round_number(place, four_scales(ends, part * 4u), at + part * 4u);
    }
  }
  workgroupBarrier();
}

fn choose_scale(thread: u32, run_count: u32) {
  for (var i = thread; i < scale_count; i += workgroup_size) {
    var sum = 0.0;
    for (var run = 0u; run < run_count; run++) {
      sum += bitcast<f32>(atomicLoad(&found[run * scale_count + i]) & 0xffffff00u);
    }
    scale_errors[i] = sum;
  }
  workgroupBarrier();
  if (thread == 0u) {
    var best = 0u;
    for (var i = 1u; i < scale_count; i++) {
      if (scale_errors[i] < scale_errors[best]) {
        best = i;
      }
    }
    best_scale = best;
  }
  workgroupBarrier();
}

fn row_byte(index: u32, ends: vec2<u32>) -> u32 {
  if (index == 0u) {
    return scale_code(ends, best_scale);
  }
  return atomicLoad(&found[(index - 1u) * scale_count + best_scale]) & 255u;
}

fn write_word(is_key: bool, at: u32, mask: u32, bits: u32) {
  if (is_key) {
    atomicAnd(&key_cache[at], ~mask);
    atomicOr(&key_cache[at], bits);
  } else {
    atomicAnd(&value_cache[at], ~mask);
    atomicOr(&value_cache[at], bits);
  }
}

fn write_row(thread: u32, is_key: bool, head: u32, position: i32, is_inside: bool) {
  let runs = select(parameters.value_runs, parameters.key_runs, is_key);
  let run_count = select(parameters.value_run_count, parameters.key_run_count, is_key);
  make_coordinates(thread, is_key, head, position);
  let ends = middle_and_least(thread, runs, run_count);
  search_runs(thread, runs, run_count, ends);
  choose_scale(thread, run_count);
  let row_bytes = 1u + run_count;
  let begin = (head * parameters.context_tokens_max + u32(position)) * row_bytes;
  let end = begin + row_bytes;
  for (var word = begin / 4u + thread; is_inside && word * 4u < end; word += workgroup_size) {
    var mask = 0u;
    var bits = 0u;
    for (var i = 0u; i < 4u; i++) {
      let at = word * 4u + i;
      if (at >= begin && at < end) {
        mask |= 255u << (i * 8u);
        bits |= row_byte(at - begin, ends) << (i * 8u);
      }
    }
    write_word(is_key, word, mask, bits);
  }
}
