// What attention_tile.wgsl needs of the rows of packed caches: 32 coordinates of 32 positions are
// unpacked at a time, keys first, then values where keys were. If the mean of keys turns, the
// coordinates go on with the cosines and sines of the position, which meet the query's factors.
#include "caches/packed_reader.wgsl"
#include "caches/turning_mean.wgsl"

fn scored_elements() -> u32 {
  return parameters.head_size + 2u * parameters.turn_pairs;
}

fn turned_number(index: u32, position: u32) -> f32 {
  let turn = turn_of(index % parameters.turn_pairs, position);
  return select(turn.y, turn.x, index < parameters.turn_pairs);
}

// In units of the row's scale times number_step; the code is the one at the coordinate's place.
fn number_of(place: u32, coordinate: u32, code: u32) -> f32 {
  var word = code;
  if (place_book(place) != plain_numbers) {
    word = table[entry_at(place_book(place), code)];
  }
  return f32(extractBits(i32(word), (coordinate - place_first(place)) * 8u, 8u));
}

fn load_keys(thread: u32, cache: u32, first_position: u32, end: u32, first_coordinate: u32) {
  let coordinate = first_coordinate + thread % slice_elements;
  let is_inside = coordinate < parameters.head_size;
  let place = table[parameters.key_coordinates + select(0u, coordinate, is_inside)];
  let at = thread % slice_elements * padded_positions;
  for (var position = thread / slice_elements; position < tile_positions;
       position += workgroup_size / slice_elements) {
    var number = 0.0;
    let is_seen = first_position + position < end;
    if (is_seen && is_inside) {
      let row = (cache + first_position + position) * parameters.key_row_bytes;
      number = number_of(place, coordinate, key_byte(row + place_byte(place))) *
               scale_of(key_byte(row)) * number_step;
    } else if (is_seen && coordinate < scored_elements()) {
      number = turned_number(coordinate - parameters.head_size, first_position + position);
    }
    keys[at + position] = number;
  }
}

fn load_values(thread: u32, first_row: u32, count: u32, first_coordinate: u32) {
  let coordinate = first_coordinate + thread % slice_elements;
  let is_inside = coordinate < parameters.head_size;
  let place = table[parameters.value_coordinates + select(0u, coordinate, is_inside)];
  let at = thread % slice_elements * padded_positions;
  for (var position = thread / slice_elements; position < tile_positions;
       position += workgroup_size / slice_elements) {
    var number = 0.0;
    if (is_inside && position < count) {
      let row = (first_row + position) * parameters.value_row_bytes;
      number = number_of(place, coordinate, value_byte(row + place_byte(place))) *
               scale_of(value_byte(row)) * number_step;
    }
    keys[at + position] = number;
  }
}

fn add_values(sums: ptr<function, Sums>, thread: u32, first_row: u32, count: u32) -> vec4<f32> {
  let lane = thread % tile_positions;
  let quad = thread / tile_positions;
  var weight_sum = vec4<f32>();
  for (var i = 0u; i < count; i++) {
    weight_sum += weights[i * (tile_tokens / 4u) + quad];
  }
  for (var k = 0u; k * slice_elements < parameters.head_size; k++) {
    load_values(thread, first_row, count, k * slice_elements);
    workgroupBarrier();
    for (var i = 0u; i < count; i++) {
      (*sums)[k] += weights[i * (tile_tokens / 4u) + quad] * keys[lane * padded_positions + i];
    }
    workgroupBarrier();
  }
  return weight_sum;
}
