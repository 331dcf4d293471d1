// What attention_split.wgsl needs of the rows of packed caches: a unit is up to 4 coordinates.
#include "caches/packed_reader.wgsl"
alias Elements = vec4<f32>;
const units_per_thread_max = 3u;
const units_max = 129u;

// The query's coordinates by the units of keys, with zeros where a unit has fewer.
var<workgroup> query_units: array<vec4<f32>, units_max>;

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

fn score(row: u32) -> f32 {
  let start = row * parameters.key_row_bytes;
  var sum = 0.0;
  for (var unit = 0u; unit < parameters.key_unit_count; unit++) {
    sum += dot(query_units[unit], key_unit(start, table[parameters.key_units + unit]));
  }
  return sum * scale_of(key_byte(start)) * (snorm_step * parameters.scale);
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
