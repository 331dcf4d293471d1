// WideKvDot in plain integer arithmetic. See simd/kv_dot.h.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "backends/cpu/simd/scalar.h"

namespace tessera::simd {

struct Bytes {
  std::uint8_t v[16];
};
inline Bytes load_bytes(const std::uint8_t* from) noexcept {
  Bytes bytes;
  std::copy_n(from, 16, bytes.v);
  return bytes;
}
inline void store_bytes(std::int8_t* to, const Bytes& bytes) noexcept {
  std::memcpy(to, bytes.v, sizeof(bytes.v));
}
template <typename Function>
Bytes make_bytes(Function function) noexcept {
  Bytes bytes;
  for (int i = 0; i < 16; ++i) bytes.v[i] = static_cast<std::uint8_t>(function(i));
  return bytes;
}
inline Bytes upper_digits(const Bytes& bytes) noexcept {
  return make_bytes([&](int i) { return bytes.v[i] >> 4; });
}
inline Bytes lower_digits(const Bytes& bytes) noexcept {
  return make_bytes([&](int i) { return bytes.v[i] & 15; });
}
inline Bytes entries_of(const Bytes& table, const Bytes& digits) noexcept {
  return make_bytes([&](int i) { return table.v[digits.v[i]]; });
}
inline Bytes add_bytes(const Bytes& a, const Bytes& b) noexcept {
  return make_bytes([&](int i) { return a.v[i] + b.v[i]; });
}

struct WideKvDot {
  static constexpr int kPasses = 1;
  static constexpr std::size_t kNumberSizeBytes = 2;
  static constexpr int kCodeOffset = 0;
  static constexpr float kQueryMax = 32767.0f;
  static constexpr float kWeightMax = 32767.0f;
  static constexpr int kColumns = 2 * kLanes;
  static constexpr int kRowsTogether = 2;
  struct Codes {
    std::int16_t v[kColumns];
  };
  using Numbers = Codes;

  static Codes load_row(const std::int8_t* from) noexcept {
    Codes codes;
    std::copy_n(from, kColumns, codes.v);
    return codes;
  }
  static Codes load_columns(const std::byte* from) noexcept { return load_numbers(from); }
  static Numbers load_numbers(const std::byte* from) noexcept {
    Numbers numbers;
    std::memcpy(numbers.v, from, sizeof(numbers.v));
    return numbers;
  }
  static Numbers splat_numbers(const std::byte* from) noexcept {
    Numbers numbers;
    for (int lane = 0; lane < kLanes; ++lane) std::memcpy(numbers.v + 2 * lane, from, 4);
    return numbers;
  }
  static I32 dot(const I32& sum, const Codes& codes, const Numbers& numbers) noexcept {
    return add(sum, make_lanes<I32>([&](int i) {
                 return codes.v[2 * i] * numbers.v[2 * i] +
                        codes.v[2 * i + 1] * numbers.v[2 * i + 1];
               }));
  }
  static I32 dot_row(const I32& sum, const Codes& codes, const Numbers& numbers) noexcept {
    return dot(sum, codes, numbers);
  }
  static void store_two_sums(const I32& a, const I32& b, std::int32_t* to) noexcept {
    std::uint32_t totals[2] = {};
    for (int i = 0; i < kLanes; ++i) {
      totals[0] += static_cast<std::uint32_t>(a.v[i]);
      totals[1] += static_cast<std::uint32_t>(b.v[i]);
    }
    std::memcpy(to, totals, sizeof(totals));
  }
  static void encode_query(const float* x, std::byte* out, std::size_t) noexcept {
    store_rounded(x, out, [](float value) { return std::nearbyint(value); });
  }
  static void encode_weights(const float* x, float factor, float offset, std::byte* out,
                             std::size_t) noexcept {
    store_rounded(x, out,
                  [&](float value) { return std::min(value * factor + offset, kWeightMax); });
  }
  static void interleave(const std::int8_t* const (&rows)[2], std::byte* out) noexcept {
    for (int column = 0; column < 16; ++column) {
      const std::int16_t pair[2] = {rows[0][column], rows[1][column]};
      std::memcpy(out + 4 * column, pair, sizeof(pair));
    }
  }

 private:
  template <typename Round>
  static void store_rounded(const float* x, std::byte* out, Round round) noexcept {
    std::int16_t numbers[16];
    for (int i = 0; i < 16; ++i) numbers[i] = static_cast<std::int16_t>(round(x[i]));
    std::memcpy(out, numbers, sizeof(numbers));
  }
};

}  // namespace tessera::simd
