// What attention_tile.wgsl needs of the rows of caches of floats.
fn scored_elements() -> u32 {
  return parameters.head_size;
}

fn load_keys(thread: u32, cache: u32, first_position: u32, end: u32, first_element: u32) {
  let head_words = parameters.head_size / elements_per_word;
  let slice_words = slice_elements / elements_per_word;
  for (var i = thread; i < tile_positions * slice_words; i += workgroup_size) {
    let position = i / slice_words;
    let word = first_element / elements_per_word + i % slice_words;
    var elements = vec2<f32>();
    if (first_position + position < end && word < head_words) {
      elements = unpack_word(key_cache[(cache + first_position + position) * head_words + word]);
    }
    let at = i % slice_words * elements_per_word * padded_positions + position;
    keys[at] = elements.x;
    if (elements_per_word == 2u) {
      keys[at + padded_positions] = elements.y;
    }
  }
}

fn value_at(row: u32, element: u32) -> f32 {
  let head_words = parameters.head_size / elements_per_word;
  let word = unpack_word(value_cache[row * head_words + element / elements_per_word]);
  return word[element % elements_per_word];
}

// Adds the weighted values of `count` rows; gives the sum of their weights.
fn add_values(sums: ptr<function, Sums>, thread: u32, first_row: u32, count: u32) -> vec4<f32> {
  let lane = thread % tile_positions;
  let quad = thread / tile_positions;
  var weight_sum = vec4<f32>();
  for (var i = 0u; i < count; i++) {
    let weight = weights[i * (tile_tokens / 4u) + quad];
    weight_sum += weight;
    for (var k = 0u; k < elements_per_thread_max; k++) {
      let element = lane + k * tile_positions;
      if (element < parameters.head_size) {
        (*sums)[k] += weight * value_at(first_row + i, element);
      }
    }
  }
  return weight_sum;
}
