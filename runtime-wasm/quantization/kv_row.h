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
// Rows of 64 coordinates: 65, 36, 28 and 18 bytes at 8, 4, 3 and 2 bits, where a package does not
// say otherwise; f16 takes 128.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "quantization/kv_codebook.h"
#include "tensor/data_type.h"

namespace tessera {

// What a person asks for: floats, or packed rows of so many bits.
enum class KvType : std::uint8_t { kF32, kF16, k8, k4, k3, k2 };

constexpr bool is_packed(KvType type) {
  return type != KvType::kF32 && type != KvType::kF16;
}

// Of the cache's tensors.
constexpr DataType kv_data_type(KvType type) {
  if (type == KvType::kF32) return DataType::kF32;
  return type == KvType::kF16 ? DataType::kF16 : DataType::kKvRows;
}

// The sizes of a layer's rows of keys and of values.
struct KvLayerRows {
  std::int32_t key_bytes = 0;
  std::int32_t value_bytes = 0;

  friend bool operator==(const KvLayerRows&, const KvLayerRows&) = default;
};

// Those of every layer in a packed cache of a type.
struct KvCacheRows {
  KvType type = KvType::k2;
  std::vector<KvLayerRows> layers;

  friend bool operator==(const KvCacheRows&, const KvCacheRows&) = default;
};

// What is known of the coordinates: nothing (they were rotated by a fixed orthogonal matrix), or
// that calibration sorted them.
enum class KvSpectrum : std::uint8_t { kFlat, kKeys, kValues };

inline constexpr std::int64_t kKvHeadSizeMax = 256;

// How large a row can be: one byte for the scale, and runs of 6 coordinates to 1.
constexpr std::int64_t kv_row_bytes_min(std::int64_t head_size) {
  return 1 + (head_size + 5) / 6;
}
constexpr std::int64_t kv_row_bytes_max(std::int64_t head_size) {
  return 1 + head_size;
}

// How large it is where nothing else is said: scale and codes take half a bit more for each
// coordinate than the type's name says; 2 bits as many as are still 7 times smaller than f16.
// REQUIRES: is_packed(type), head_size >= 0.
constexpr std::int64_t kv_row_bytes(KvType type, std::int64_t head_size) {
  if (head_size == 0) return 0;
  if (type == KvType::k8) return kv_row_bytes_max(head_size);
  std::int64_t size = 2 * head_size / 7;
  if (type == KvType::k4) size = 9 * head_size / 16;
  if (type == KvType::k3) size = 7 * head_size / 16;
  return size < kv_row_bytes_min(head_size) ? kv_row_bytes_min(head_size) : size;
}

static_assert(kv_row_bytes(KvType::k8, 64) == 65 && kv_row_bytes(KvType::k4, 64) == 36 &&
              kv_row_bytes(KvType::k3, 64) == 28 && kv_row_bytes(KvType::k2, 64) == 18);

// The runs of a row, narrow ones first; their widths add up to the head's size.
struct KvRowFormat {
  std::int32_t run_count = 0;
  std::array<std::uint8_t, kKvHeadSizeMax> widths{};

  std::int64_t size_bytes() const { return 1 + run_count; }
  friend bool operator==(const KvRowFormat&, const KvRowFormat&) = default;
};

// The runs that leave the least error in a row of this size.
// REQUIRES: 1 <= head_size <= kKvHeadSizeMax, kv_row_bytes_min <= row_bytes <= kv_row_bytes_max.
KvRowFormat kv_row_format(std::int64_t row_bytes, std::int64_t head_size, KvSpectrum spectrum);

// The error that they leave, as a share of what it is without any bytes.
double kv_row_error(std::int64_t row_bytes, std::int64_t head_size, KvSpectrum spectrum);

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
std::optional<KvType> kv_type_from_name(std::string_view name);
std::string_view kv_type_name(KvType type);
inline constexpr std::string_view kKvTypeNames = "f32, f16, 8, 4, 3 or 2";

}  // namespace tessera
