#include "package/ggml_blocks.h"

#include "base/half.h"
#include "package/little_endian.h"

namespace tessera {
namespace {

constexpr int kElements = 32;

float half_at(const std::byte* bytes) noexcept {
  return half_to_float(read_little_endian<std::uint16_t>(bytes));
}

int low_nibble(std::byte byte) noexcept {
  return std::to_integer<int>(byte & std::byte{15});
}
int high_nibble(std::byte byte) noexcept {
  return std::to_integer<int>(byte >> 4);
}

// Element i of 32 nibbles.
int nibble_at(const std::byte* nibbles, int i) noexcept {
  return i < 16 ? low_nibble(nibbles[i]) : high_nibble(nibbles[i - 16]);
}

// Element i of 32 five-bit numbers, whose fifth bits are bit i of `high_bits`.
int five_bits_at(const std::byte* nibbles, std::uint32_t high_bits, int i) noexcept {
  return nibble_at(nibbles, i) | static_cast<int>((high_bits >> i) & 1u) << 4;
}

}  // namespace

void q8_0_to_floats(const std::byte* block, float* out) noexcept {
  const float scale = half_at(block);
  for (int i = 0; i < kElements; ++i) {
    out[i] = scale * static_cast<float>(read_little_endian<std::int8_t>(block + 2 + i));
  }
}

void q4_0_to_floats(const std::byte* block, float* out) noexcept {
  const float scale = half_at(block);
  for (int i = 0; i < kElements; ++i) {
    out[i] = scale * static_cast<float>(nibble_at(block + 2, i) - 8);
  }
}

void q4_1_to_floats(const std::byte* block, float* out) noexcept {
  const float scale = half_at(block);
  const float minimum = half_at(block + 2);
  for (int i = 0; i < kElements; ++i) {
    out[i] = scale * static_cast<float>(nibble_at(block + 4, i)) + minimum;
  }
}

void q5_0_to_floats(const std::byte* block, float* out) noexcept {
  const float scale = half_at(block);
  const auto high_bits = read_little_endian<std::uint32_t>(block + 2);
  for (int i = 0; i < kElements; ++i) {
    out[i] = scale * static_cast<float>(five_bits_at(block + 6, high_bits, i) - 16);
  }
}

void q5_1_to_floats(const std::byte* block, float* out) noexcept {
  const float scale = half_at(block);
  const float minimum = half_at(block + 2);
  const auto high_bits = read_little_endian<std::uint32_t>(block + 4);
  for (int i = 0; i < kElements; ++i) {
    out[i] = scale * static_cast<float>(five_bits_at(block + 8, high_bits, i)) + minimum;
  }
}

void unpack_q8_0(const std::byte* block, UnpackedBlock& out) noexcept {
  out.scales[0] = read_little_endian<std::uint16_t>(block);
  std::memcpy(out.quants, block + 2, kElements);
}

void unpack_q4_0(const std::byte* block, UnpackedBlock& out) noexcept {
  out.scales[0] = read_little_endian<std::uint16_t>(block);
  for (int i = 0; i < kElements; ++i) {
    out.quants[i] = static_cast<std::uint8_t>(nibble_at(block + 2, i));
  }
}

void unpack_q4_1(const std::byte* block, UnpackedBlock& out) noexcept {
  out.scales[0] = read_little_endian<std::uint16_t>(block);
  out.minimums[0] = read_little_endian<std::uint16_t>(block + 2);
  for (int i = 0; i < kElements; ++i) {
    out.quants[i] = static_cast<std::uint8_t>(nibble_at(block + 4, i));
  }
}

void unpack_q5_0(const std::byte* block, UnpackedBlock& out) noexcept {
  out.scales[0] = read_little_endian<std::uint16_t>(block);
  const auto high_bits = read_little_endian<std::uint32_t>(block + 2);
  for (int i = 0; i < kElements; ++i) {
    out.quants[i] = static_cast<std::uint8_t>(five_bits_at(block + 6, high_bits, i) - 16);
  }
}

}  // namespace tessera
