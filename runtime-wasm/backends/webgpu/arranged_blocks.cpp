#include "backends/webgpu/arranged_blocks.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/half.h"
#include "quantization/format.h"
#include "quantization/q2.h"
#include "quantization/q3.h"
#include "quantization/q4.h"
#include "quantization/q4s.h"

namespace tessera::webgpu {
namespace {

struct DeviceLowBits {
  std::uint8_t scales[kPanelRows];
  std::uint8_t zeros[kPanelRows];
  std::uint32_t codes[2][kPanelRows];
  std::uint32_t third[kPanelRows];  // of q3 alone
};
static_assert(sizeof(DeviceLowBits) == 112);

// Bit c of byte r becomes bit r of byte c (Hacker's Delight, section 7-3).
constexpr std::uint64_t transposed(std::uint64_t bits) {
  constexpr std::pair<int, std::uint64_t> kSteps[] = {
      {7, 0x00aa00aa00aa00aa}, {14, 0x0000cccc0000cccc}, {28, 0x00000000f0f0f0f0}};
  for (const auto& [distance, mask] : kSteps) {
    const std::uint64_t moved = (bits ^ (bits >> distance)) & mask;
    bits ^= moved ^ (moved << distance);
  }
  return bits;
}

// Of a row, whose plane i has bit i % 2 of field i / 2, in the low nibble those of half 0.
void arrange_low_planes(const LowPlane& low, DeviceLowBits& out) {
  for (std::int64_t row = 0; row < kPanelRows; ++row) {
    std::uint64_t planes = 0;
    for (int i = 0; i < 8; ++i) planes |= std::uint64_t{low[i / 2][row][i % 2]} << (8 * i);
    const std::uint64_t codes = transposed(planes);
    out.codes[0][row] = static_cast<std::uint32_t>(codes);
    out.codes[1][row] = static_cast<std::uint32_t>(codes >> 32);
  }
}

void arrange_q2(const Q2Block& block, DeviceLowBits& out) {
  std::memcpy(out.scales, block.scales, sizeof(out.scales));
  for (std::int64_t row = 0; row < kPanelRows; ++row) {
    const int zero = block.zeros[row % 4] >> (row / 4 * 4) & 15;
    out.zeros[row] = static_cast<std::uint8_t>(16 + 4 * zero);
  }
  arrange_low_planes(block.low, out);
}

void arrange_q3(const Q3Block& block, DeviceLowBits& out) {
  std::memcpy(out.scales, block.scales, sizeof(out.scales));
  std::memcpy(out.zeros, block.zeros, sizeof(out.zeros));
  arrange_low_planes(block.low, out);
  for (std::int64_t row = 0; row < kPanelRows; ++row) {
    std::uint64_t planes = 0;  // of the fields 0, 2, 1 and 3
    for (int i = 0; i < 4; ++i) planes |= std::uint64_t{block.high[i / 2][row][i % 2]} << (8 * i);
    const std::uint64_t bits = transposed(planes);
    out.third[row] = static_cast<std::uint32_t>(bits | bits >> 28);
  }
}

void arrange_q4s(const Q4SBlock& block, Q4Block& out) {
  for (std::int64_t row = 0; row < kPanelRows; ++row) {
    out.scales[row] = float_to_half(q4s_scale(block.scales[row]));
  }
  static_assert(sizeof(out.quants) == sizeof(block.quants));
  std::memcpy(out.quants, block.quants, sizeof(out.quants));
}

std::size_t file_block_bytes(DataType type) {
  return quantization_format(type).block_size_bytes;
}

std::size_t device_block_bytes(DataType type) {
  switch (type) {
    case DataType::kQ2: return offsetof(DeviceLowBits, third);
    case DataType::kQ3: return sizeof(DeviceLowBits);
    default: return sizeof(Q4Block);
  }
}

}  // namespace

bool is_arranged(DataType type) {
  return type == DataType::kQ2 || type == DataType::kQ3 || type == DataType::kQ4S;
}

DataType device_type(DataType type) {
  return type == DataType::kQ4S ? DataType::kQ4 : type;
}

std::size_t device_size_bytes(DataType type, const Shape& shape) {
  const std::size_t size_bytes = tensor_size_bytes(type, shape).value_or(SIZE_MAX);
  if (!is_arranged(type)) return size_bytes;
  const std::size_t blocks = size_bytes / file_block_bytes(type);
  const std::size_t block_bytes = device_block_bytes(type);
  return blocks < SIZE_MAX / block_bytes ? blocks * block_bytes : SIZE_MAX;
}

BlockArranger::BlockArranger(DataType type)
    : type_(type), file_bytes_(file_block_bytes(type)), device_bytes_(device_block_bytes(type)) {
  TESSERA_CHECK(is_arranged(type));
}

BlockArranger::Run BlockArranger::take(std::size_t offset_bytes, std::span<const std::byte> bytes) {
  Run run;
  run.bytes.reserve((bytes.size() / file_bytes_ + 2) * device_bytes_);
  while (!bytes.empty()) {
    const std::size_t number = offset_bytes / file_bytes_;
    const std::size_t begin = offset_bytes % file_bytes_;
    const std::size_t count = std::min(file_bytes_ - begin, bytes.size());
    if (count == file_bytes_) {
      arrange(number, bytes.data(), run);
    } else {
      take_part(number, begin, bytes.first(count), run);
    }
    offset_bytes += count;
    bytes = bytes.subspan(count);
  }
  return run;
}

void BlockArranger::take_part(std::size_t number, std::size_t begin,
                              std::span<const std::byte> bytes, Run& run) {
  auto part = std::ranges::find(parts_, number, &Part::number);
  if (part == parts_.end()) {
    parts_.push_back({number, 0, std::vector<std::byte>(file_bytes_)});
    part = std::prev(parts_.end());
  }
  std::memcpy(part->block.data() + begin, bytes.data(), bytes.size());
  part->count += bytes.size();
  if (part->count < file_bytes_) return;
  arrange(number, part->block.data(), run);
  parts_.erase(part);
}

void BlockArranger::arrange(std::size_t number, const std::byte* block, Run& run) const {
  const std::size_t size = run.bytes.size();
  if (size == 0) run.offset_bytes = number * device_bytes_;
  run.bytes.resize(size + device_bytes_);
  // Blocks of bytes are aligned to one, those of a device to words.
  union {
    DeviceLowBits low_bits;
    Q4Block q4;
  } out = {};
  if (type_ == DataType::kQ2) {
    arrange_q2(*reinterpret_cast<const Q2Block*>(block), out.low_bits);
  } else if (type_ == DataType::kQ3) {
    arrange_q3(*reinterpret_cast<const Q3Block*>(block), out.low_bits);
  } else {
    arrange_q4s(*reinterpret_cast<const Q4SBlock*>(block), out.q4);
  }
  std::memcpy(run.bytes.data() + size, &out, device_bytes_);
}

}  // namespace tessera::webgpu
