// WideKvDot on i32x4.dot_i16x8_s, which every engine has. See simd/kv_dot.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backends/cpu/simd/wasm_dot.h"
#include "backends/cpu/simd/wasm_table_dot.h"

namespace tessera::simd {

// What any Dot of 128-bit vectors does alike.
struct WasmKvDot {
  using Codes = v128_t;
  using Numbers = v128_t;

  static Codes load_columns(const std::byte* from) noexcept { return wasm_v128_load(from); }
  static Numbers load_numbers(const std::byte* from) noexcept { return wasm_v128_load(from); }
  static Numbers splat_numbers(const std::byte* from) noexcept {
    return wasm_v128_load32_splat(from);
  }
  static void store_two_sums(I32 a, I32 b, std::int32_t* to) noexcept {
    // a0 + a2, b0 + b2, a1 + a3, b1 + b3
    const v128_t halves = wasm_i32x4_add(wasm_i32x4_shuffle(a.v, b.v, 0, 4, 1, 5),
                                         wasm_i32x4_shuffle(a.v, b.v, 2, 6, 3, 7));
    const v128_t sums = wasm_i32x4_add(halves, wasm_i64x2_shuffle(halves, halves, 1, 0));
    wasm_v128_store64_lane(to, sums, 0);
  }
};

// The bytes of two vectors in turn: of their first halves, and of their last.
inline v128_t first_bytes_in_turn(v128_t a, v128_t b) noexcept {
  return wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline v128_t last_bytes_in_turn(v128_t a, v128_t b) noexcept {
  return wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

using Bytes = v128_t;
inline Bytes load_bytes(const std::uint8_t* from) noexcept {
  return wasm_v128_load(from);
}
inline void store_bytes(std::int8_t* to, Bytes bytes) noexcept {
  wasm_v128_store(to, bytes);
}
inline Bytes upper_digits(Bytes bytes) noexcept {
  return wasm_u8x16_shr(bytes, 4);
}
inline Bytes lower_digits(Bytes bytes) noexcept {
  return wasm_v128_and(bytes, low_nibbles());
}
inline Bytes entries_of(Bytes table, Bytes digits) noexcept {
  return look_up(table, digits);
}
inline Bytes add_bytes(Bytes a, Bytes b) noexcept {
  return wasm_i8x16_add(a, b);
}

struct WideKvDot : WasmKvDot {
  static constexpr int kPasses = 1;
  static constexpr std::size_t kNumberSizeBytes = 2;
  static constexpr int kCodeOffset = 0;
  static constexpr float kQueryMax = 32767.0f;
  static constexpr float kWeightMax = 32767.0f;
  static constexpr int kColumns = 2 * kLanes;
  static constexpr int kRowsTogether = 2;

  static Codes load_row(const std::int8_t* from) noexcept { return wasm_i16x8_load8x8(from); }
  static I32 dot(I32 sum, Codes codes, Numbers numbers) noexcept {
    return {wasm_i32x4_add(sum.v, wasm_i32x4_dot_i16x8(codes, numbers))};
  }
  static I32 dot_row(I32 sum, Codes codes, Numbers numbers) noexcept {
    return dot(sum, codes, numbers);
  }
  static void encode_query(const float* x, std::byte* out, std::size_t) noexcept {
    store_numbers(x, out, [](F32 four) { return F32{wasm_f32x4_nearest(four.v)}; });
  }
  static void encode_weights(const float* x, float factor, float offset, std::byte* out,
                             std::size_t) noexcept {
    const F32 factors = splat(factor), offsets = splat(offset);
    store_numbers(x, out, [&](F32 four) { return multiply_add(four, factors, offsets); });
  }
  static void interleave(const std::int8_t* const (&rows)[2], std::byte* out) noexcept {
    const v128_t a = wasm_v128_load(rows[0]);
    const v128_t b = wasm_v128_load(rows[1]);
    const v128_t first = first_bytes_in_turn(a, b);
    const v128_t last = last_bytes_in_turn(a, b);
    wasm_v128_store(out, wasm_i16x8_extend_low_i8x16(first));
    wasm_v128_store(out + 16, wasm_i16x8_extend_high_i8x16(first));
    wasm_v128_store(out + 32, wasm_i16x8_extend_low_i8x16(last));
    wasm_v128_store(out + 48, wasm_i16x8_extend_high_i8x16(last));
  }

 private:
  template <typename Make>
  static void store_numbers(const float* x, std::byte* out, Make make) noexcept {
    v128_t numbers[4];
    for (int i = 0; i < 4; ++i) numbers[i] = wasm_i32x4_trunc_sat_f32x4(make(load(x + 4 * i)).v);
    wasm_v128_store(out, wasm_i16x8_narrow_i32x4(numbers[0], numbers[1]));
    wasm_v128_store(out + 16, wasm_i16x8_narrow_i32x4(numbers[2], numbers[3]));
  }
};

}  // namespace tessera::simd
