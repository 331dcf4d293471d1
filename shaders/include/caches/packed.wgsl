// A packed KV cache: for each head and token a row of bytes, a scale and codes
// (quantization/kv_row.h). What the codes stand for is in the table, as
// backends/webgpu/packed_cache.h lays it out; a place is a word of it that describes a run or unit.
const plain_numbers = 0xfffu;  // in place of a codebook
const wide_books = 768u;       // from here on an entry has two words
const number_step = 1.0 / 32.0;       // of numbers and codebooks

fn place_byte(place: u32) -> u32 {
  return place & 511u;
}

fn place_first(place: u32) -> u32 {
  return (place >> 9u) & 255u;
}

fn place_count(place: u32) -> u32 {
  return ((place >> 17u) & 7u) + 1u;
}

fn place_book(place: u32) -> u32 {
  return place >> 20u;
}

fn entry_at(book: u32, code: u32) -> u32 {
  return book + code * select(1u, 2u, book >= wide_books);
}

fn scale_of(code: u32) -> f32 {
  return bitcast<f32>((code << 20u) + (107u << 23u));
}
