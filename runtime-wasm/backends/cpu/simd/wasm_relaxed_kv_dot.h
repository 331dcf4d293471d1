// DigitKvDot on the four-column dot product of relaxed SIMD, where the processor takes its second
// operand as unsigned bytes (VNNI): 16 products of 8 bits in one instruction, so that 16 bits take
// two. See simd/kv_dot.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backends/cpu/simd/wasm_kv_dot.h"

namespace tessera::simd {

struct DigitKvDot : WasmKvDot {
  static constexpr int kPasses = 2;
  static constexpr std::size_t kNumberSizeBytes = 1;
  static constexpr int kCodeOffset = 128;
  static constexpr float kQueryMax = 32639.0f;  // 127 * 256 + 127
  static constexpr float kWeightMax = 65535.0f;
  static constexpr int kColumns = 16;
  static constexpr int kRowsTogether = 4;

  // Bytes above 127 may mean anything there; the meaning is the same all the time.
  static bool is_exact() noexcept {
    const auto has_sum = [](int code, int digit) {
      volatile auto signed_byte = static_cast<std::int8_t>(code);
      volatile auto unsigned_byte = static_cast<std::uint8_t>(digit);
      const I32 sum = dot({wasm_i32x4_const_splat(5)}, wasm_i8x16_splat(signed_byte),
                          wasm_u8x16_splat(unsigned_byte));
      return wasm_i32x4_extract_lane(sum.v, 0) == 5 + 4 * code * digit;
    };
    return has_sum(127, 255) && has_sum(-128, 255) && has_sum(-128, 128) && has_sum(-3, 7);
  }

  static Codes load_row(const std::int8_t* from) noexcept {
    return wasm_v128_xor(wasm_v128_load(from), load_constant(kWasmConstants.sign_bits));
  }
  static I32 dot_row(I32 sum, Codes codes, Numbers numbers) noexcept {
    return {wasm_i32x4_relaxed_dot_i8x16_i7x16_add(numbers, codes, sum.v)};
  }
  static I32 dot(I32 sum, Codes codes, Numbers numbers) noexcept {
    return {wasm_i32x4_relaxed_dot_i8x16_i7x16_add(codes, numbers, sum.v)};
  }
  static void encode_query(const float* x, std::byte* out, std::size_t pass_size_bytes) noexcept {
    v128_t numbers[2];
    for (int i = 0; i < 2; ++i) {
      const v128_t first = wasm_f32x4_nearest(wasm_v128_load(x + 8 * i));
      const v128_t last = wasm_f32x4_nearest(wasm_v128_load(x + 8 * i + 4));
      numbers[i] = wasm_i16x8_narrow_i32x4(wasm_i32x4_trunc_sat_f32x4(first),
                                           wasm_i32x4_trunc_sat_f32x4(last));
    }
    v128_t upper[2], lower[2];
    for (int i = 0; i < 2; ++i) {
      upper[i] = wasm_i16x8_shr(wasm_i16x8_add(numbers[i], wasm_i16x8_const_splat(128)), 8);
      lower[i] = wasm_i16x8_sub(numbers[i], wasm_i16x8_shl(upper[i], 8));
    }
    wasm_v128_store(out, wasm_i8x16_narrow_i16x8(upper[0], upper[1]));
    wasm_v128_store(out + pass_size_bytes, wasm_i8x16_narrow_i16x8(lower[0], lower[1]));
  }
  static void encode_weights(const float* x, float factor, float offset, std::byte* out,
                             std::size_t pass_size_bytes) noexcept {
    const F32 factors = splat(factor), offsets = splat(offset);
    v128_t numbers[4];
    for (int i = 0; i < 4; ++i) {
      numbers[i] = to_integers(multiply_add(load(x + 4 * i), factors, offsets));
    }
    const v128_t first = wasm_u16x8_narrow_i32x4(numbers[0], numbers[1]);
    const v128_t last = wasm_u16x8_narrow_i32x4(numbers[2], numbers[3]);
    wasm_v128_store(out,
                    wasm_u8x16_narrow_i16x8(wasm_u16x8_shr(first, 8), wasm_u16x8_shr(last, 8)));
    const v128_t low = wasm_i16x8_const_splat(255);
    wasm_v128_store(out + pass_size_bytes,
                    wasm_u8x16_narrow_i16x8(wasm_v128_and(first, low), wasm_v128_and(last, low)));
  }
  static void interleave(const std::int8_t* const (&rows)[4], std::byte* out) noexcept {
    const v128_t a = wasm_v128_load(rows[0]);
    const v128_t b = wasm_v128_load(rows[1]);
    const v128_t c = wasm_v128_load(rows[2]);
    const v128_t d = wasm_v128_load(rows[3]);
    store_columns(first_bytes_in_turn(a, b), first_bytes_in_turn(c, d), out);
    store_columns(last_bytes_in_turn(a, b), last_bytes_in_turn(c, d), out + 32);
  }

 private:
  static void store_columns(v128_t upper_rows, v128_t lower_rows, std::byte* out) noexcept {
    wasm_v128_store(out, wasm_i16x8_shuffle(upper_rows, lower_rows, 0, 8, 1, 9, 2, 10, 3, 11));
    wasm_v128_store(out + 16,
                    wasm_i16x8_shuffle(upper_rows, lower_rows, 4, 12, 5, 13, 6, 14, 7, 15));
  }
  // Of floats that fit: rounded down if they are not negative.
  static v128_t to_integers(F32 x) noexcept { return wasm_i32x4_relaxed_trunc_f32x4(x.v); }
};

}  // namespace tessera::simd
