// Bytes of packed caches that are read.
#include "caches/packed.wgsl"
@group(0) @binding(4) var<storage, read> table: array<u32>;

// Of four signed bytes that unpack4x8snorm has made numbers.
const snorm_step = 127.0 * number_step;

fn key_byte(at: u32) -> u32 {
  return (key_cache[at >> 2u] >> ((at & 3u) * 8u)) & 255u;
}

fn value_byte(at: u32) -> u32 {
  return (value_cache[at >> 2u] >> ((at & 3u) * 8u)) & 255u;
}

// Four bytes from one on that may lie anywhere in a word.
fn joined(low: u32, high: u32, at: u32) -> u32 {
  let shift = (at & 3u) * 8u;
  return (low >> shift) | ((high << (31u - shift)) << 1u);
}

// A unit's coordinates by their places, in units of the row's scale times snorm_step. What lies
// beyond them is anything for plain numbers, else zero.
fn key_unit(row: u32, place: u32) -> vec4<f32> {
  let at = row + place_byte(place);
  if (place_book(place) == plain_numbers) {
    return unpack4x8snorm(joined(key_cache[at >> 2u], key_cache[(at >> 2u) + 1u], at));
  }
  return unpack4x8snorm(table[entry_at(place_book(place), key_byte(at))]);
}

fn value_unit(row: u32, place: u32) -> vec4<f32> {
  let at = row + place_byte(place);
  if (place_book(place) == plain_numbers) {
    return unpack4x8snorm(joined(value_cache[at >> 2u], value_cache[(at >> 2u) + 1u], at));
  }
  return unpack4x8snorm(table[entry_at(place_book(place), value_byte(at))]);
}
