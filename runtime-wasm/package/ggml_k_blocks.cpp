#include "base/half.h"
#include "package/ggml_blocks.h"
#include "package/little_endian.h"

namespace tessera {
namespace {

constexpr int kGroups = 8;
constexpr int kGroupElements = 32;

float half_at(const std::byte* bytes) noexcept {
  return half_to_float(read_little_endian<std::uint16_t>(bytes));
}

// Bits [first, first + count) of a byte.
int bits_of(std::byte byte, int first, int count) noexcept {
  return (std::to_integer<int>(byte) >> first) & ((1 << count) - 1);
}

// The scale and minimum of a group of Q4_K or Q5_K, as integers of 6 bits. Twelve bytes hold eight
// of each: bytes 0..3 the scales 0..3, bytes 4..7 the minimums 0..3 (low 6 bits); bytes 8..11 the
// low nibbles of scales 4..7 and, in the high nibble, of minimums 4..7, whose upper two bits are
// the upper two of bytes 0..3 and 4..7.
struct GroupIntegers {
  int scale;
  int minimum;
};

GroupIntegers group_integers(const std::byte* packed, int group) noexcept {
  if (group < 4) return {bits_of(packed[group], 0, 6), bits_of(packed[group + 4], 0, 6)};
  const std::byte low = packed[group + 4];
  return {bits_of(low, 0, 4) | bits_of(packed[group - 4], 6, 2) << 4,
          bits_of(low, 4, 4) | bits_of(packed[group], 6, 2) << 4};
}

struct GroupLine {
  float scale;
  float minimum;  // added
};

// `block` begins with d, dmin and the packed integers.
GroupLine group_line(const std::byte* block, int group) noexcept {
  const GroupIntegers integers = group_integers(block + 4, group);
  return {half_at(block) * static_cast<float>(integers.scale),
          -half_at(block + 2) * static_cast<float>(integers.minimum)};
}

// Element i of a group: two groups share 32 bytes, the even one in the low nibbles.
int nibble_at(const std::byte* nibbles, int group, int i) noexcept {
  return bits_of(nibbles[group / 2 * kGroupElements + i], group % 2 * 4, 4);
}

}  // namespace

void q4_k_to_floats(const std::byte* block, float* out) noexcept {
  for (int group = 0; group < kGroups; ++group) {
    const GroupLine line = group_line(block, group);
    for (int i = 0; i < kGroupElements; ++i) {
      const auto quant = static_cast<float>(nibble_at(block + 16, group, i));
      out[group * kGroupElements + i] = line.scale * quant + line.minimum;
    }
  }
}

void q5_k_to_floats(const std::byte* block, float* out) noexcept {
  const std::byte* high_bits = block + 16;  // bit g of byte i: group g, element i
  for (int group = 0; group < kGroups; ++group) {
    const GroupLine line = group_line(block, group);
    for (int i = 0; i < kGroupElements; ++i) {
      const int quant = nibble_at(block + 48, group, i) | bits_of(high_bits[i], group, 1) << 4;
      out[group * kGroupElements + i] = line.scale * static_cast<float>(quant) + line.minimum;
    }
  }
}

void q6_k_to_floats(const std::byte* block, float* out) noexcept {
  const std::byte* scales = block + 192;
  const float scale = half_at(block + 208);
  for (int element = 0; element < 256; ++element) {
    // Each half of 128 elements takes 64 bytes of low nibbles and 32 of high pairs. Within it,
    // elements 0..63 are the low nibbles and 64..127 the high ones; quarter q has bits 2q, 2q + 1
    // of its pair.
    const int half = element / 128;
    const int quarter = element % 128 / 32;
    const int i = element % 32;
    const int low = bits_of(block[half * 64 + quarter % 2 * 32 + i], quarter / 2 * 4, 4);
    const int high = bits_of(block[128 + half * 32 + i], quarter * 2, 2);
    const auto group_scale = read_little_endian<std::int8_t>(scales + element / 16);
    out[element] =
        scale * static_cast<float>(group_scale) * static_cast<float>((low | high << 4) - 32);
  }
}

void unpack_q4_k(const std::byte* block, UnpackedBlock& out) noexcept {
  for (int group = 0; group < kGroups; ++group) {
    const GroupLine line = group_line(block, group);
    out.scales[group] = float_to_half(line.scale);
    out.minimums[group] = float_to_half(line.minimum);
    for (int i = 0; i < kGroupElements; ++i) {
      out.quants[group * kGroupElements + i] =
          static_cast<std::uint8_t>(nibble_at(block + 16, group, i));
    }
  }
}

}  // namespace tessera
