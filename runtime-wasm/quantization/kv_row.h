// How a packed KV cache stores a key or a value of one head: a row of bytes for each token.
//
//   byte    content
//   0       scale: 2^-20 * 2^(code / 8) * (1 + code % 8 / 8), the integer quotient in the exponent
//   1 + j   code of run j: the entry of the codebook of the run's width (kv_codebook.h), or a
//           signed number of 1/32 for a run of one coordinate
//
// A key or value x is first made into coordinates z = A (x - m), where A and m belong to the head
// (KvCodec); neighbouring coordinates form runs. A run's coordinates are scale * codebook[code].
// Where calibration sorted the coordinates by their share of the error, the first runs are narrow
// and the last are wide: every run costs one byte, so that narrow runs are the precise ones.
// The scale of a row is chosen by the error that it leaves.
//
// Rows of 64 coordinates: 65, 36, 28 and 18 bytes at 8, 4, 3 and 2 bits; f16 takes 128.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "quantization/kv_codebook.h"
#include "tensor/data_type.h"

namespace tessera {

// What is known of the coordinates: nothing (they were rotated by a fixed orthogonal matrix), or
// that calibration sorted them.
enum class KvSpectrum : std::uint8_t { kFlat, kKeys, kValues };

inline constexpr std::int64_t kKvHeadSizeMax = 256;

// The runs of a row, narrow ones first; their widths add up to the head's size.
struct KvRowFormat {
  std::int32_t run_count = 0;
  std::array<std::uint8_t, kKvHeadSizeMax> widths{};

  std::int64_t size_bytes() const { return 1 + run_count; }
  friend bool operator==(const KvRowFormat&, const KvRowFormat&) = default;
};

// The runs that leave the least error, of as many bytes as the type has for a head of this size.
// REQUIRES: is_packed_kv(type), 1 <= head_size <= kKvHeadSizeMax.
KvRowFormat kv_row_format(DataType type, std::int64_t head_size, KvSpectrum spectrum);

// The scale of a code, and the code of the scale nearest to a positive number.
constexpr float kv_scale(std::uint8_t code) noexcept {
  return std::bit_cast<float>((std::uint32_t{code} << 20) + (107u << 23));
}
constexpr std::uint8_t kv_scale_code(float scale) noexcept {
  const auto bits = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(scale));
  const std::int32_t code = (bits - (107 << 23) + (1 << 19)) >> 20;
  return static_cast<std::uint8_t>(code < 0 ? 0 : (code > 255 ? 255 : code));
}

// What a signed number of a row, as codebooks have them, is a multiple of: kv_scale / 32.
constexpr float kv_number_scale(std::uint8_t code) noexcept {
  return std::bit_cast<float>((std::uint32_t{code} << 20) + (102u << 23));
}
static_assert(kKvCodebookSteps == 32 && kv_number_scale(160) == 1.0f / 32.0f);

static_assert(kv_scale(0) == 0x1p-20f && kv_scale(160) == 1.0f && kv_scale(164) == 1.5f);
static_assert(kv_scale_code(1.0f) == 160 && kv_scale_code(1.05f) == 160 &&
              kv_scale_code(1e9f) == 255 && kv_scale_code(0.0f) == 0);

// One row from `z`, finite coordinates, so that the sum of weights[i] * error[i]^2 is small.
void encode_kv_row(const KvRowFormat& format, const float* z, const float* weights,
                   std::uint8_t* row) noexcept;

// [256][kKvRunWidthMax]: the codebook of a width, padded with zeros. A row's coordinates are
// kv_number_scale(row[0]) times what its codes stand for here, or times signed codes themselves in
// runs of width 1, which has no codebook.
// REQUIRES: width is 2 or more of kKvRunWidths.
const std::int8_t* kv_padded_codebook(int width) noexcept;

// The coordinates of a row. Writes up to kKvRunWidthMax - 1 floats beyond the last of them.
void decode_kv_row(const KvRowFormat& format, const std::uint8_t* row, float* z) noexcept;

// "f32", "f16", "8", "4", "3", "2": how a person names the type of a KV cache.
std::optional<DataType> kv_type_from_name(std::string_view name);
std::string_view kv_type_name(DataType type);
inline constexpr std::string_view kKvTypeNames = "f32, f16, 8, 4, 3 or 2";

}  // namespace tessera
