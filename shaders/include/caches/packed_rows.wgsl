// What attention_split.wgsl needs of the rows of packed caches: a unit is up to 4 coordinates.
#include "caches/packed_reader.wgsl"
#include "caches/turning_mean.wgsl"
alias Elements = vec4<f32>;
const units_per_thread_max = 3u;
const units_max = 129u;

// The query's coordinates by the units of keys, with zeros where a unit has fewer.
var<workgroup> query_units: array<vec4<f32>, units_max>;

// The factors of the query's scores with which positions count from the tile's first on.
var<workgroup> moved_factors: array<vec2<f32>, 128>;

fn move_factors(thread: u32, factors: u32, tile: u32) {
  for (var pair = thread; pair < parameters.turn_pairs; pair += workgroup_size) {
    let turn = turn_of(pair, tile);
    let of_pair =
        vec2<f32>(read_f32(factors + pair), read_f32(factors + parameters.turn_pairs + pair));
    moved_factors[pair] =
        vec2<f32>(dot(of_pair, turn), of_pair.y * turn.x - of_pair.x * turn.y);
  }
  workgroupBarrier();
}

fn value_units() -> u32 {
  return parameters.value_unit_count;
}

fn prepare_query(thread: u32) {
  for (var unit = thread; unit < parameters.key_unit_count; unit += workgroup_size) {
    let place = table[parameters.key_units + unit];
    var elements = vec4<f32>();
    for (var i = 0u; i < place_count(place); i++) {
      elements[i] = query_row[place_first(place) + i];
    }
    query_units[unit] = elements;
  }
  workgroupBarrier();
}

// Of the position `place` behind the tile's first. REQUIRES: workgroup_size <= turn_positions.
fn score(place: u32, row: u32) -> f32 {
  let start = row * parameters.key_row_bytes;
  var sum = 0.0;
  for (var unit = 0u; unit < parameters.key_unit_count; unit++) {
    sum += dot(query_units[unit], key_unit(start, table[parameters.key_units + unit]));
  }
  sum *= scale_of(key_byte(start)) * snorm_step;
  for (var pair = 0u; pair < parameters.turn_pairs; pair++) {
    sum += dot(moved_factors[pair], turn_number(pair, place));
  }
  return sum * parameters.scale;
}

fn value_scale(row: u32) -> f32 {
  return scale_of(value_byte(row * parameters.value_row_bytes)) * snorm_step;
}

fn value_elements(row: u32, unit: u32) -> Elements {
  return value_unit(row * parameters.value_row_bytes, table[parameters.value_units + unit]);
}

fn write_elements(at: u32, unit: u32, elements: Elements) {
  let place = table[parameters.value_units + unit];
  write_up_to_4(at + place_first(place), place_count(place), elements);
}
