#include "backends/webgpu/arranged_blocks.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "base/half.h"
#include "quantization/format.h"
#include "quantization/q2.h"
#include "quantization/q3.h"
#include "quantization/q4.h"
#include "quantization/q4s.h"

namespace tessera::webgpu {
namespace {

// What q2 and q3 begin with.
struct DeviceLines {
  std::uint8_t scales[kPanelRows];
  std::uint8_t zeros[kPanelRows];
  std::uint32_t codes[2][kPanelRows];
};
struct DeviceQ3Block {
  DeviceLines lines;
  std::uint32_t third[kPanelRows];
};
static_assert(sizeof(DeviceLines) == 80 && sizeof(DeviceQ3Block) == 112);

// The four bits of a nibble as the lowest ones of four bytes.
constexpr std::uint32_t spread(std::uint32_t nibble) {
  return (nibble * 0x00204081u) & 0x01010101u;
}

void arrange_codes(const LowPlane& low, std::uint32_t (&codes)[2][kPanelRows]) {
  for (std::uint32_t field = 0; field < 4; ++field) {
    for (std::int64_t row = 0; row < kPanelRows; ++row) {
      const std::uint32_t first = low[field][row][0], second = low[field][row][1];
      codes[0][row] |= (spread(first & 15) | spread(second & 15) << 1) << (2 * field);
      codes[1][row] |= (spread(first >> 4) | spread(second >> 4) << 1) << (2 * field);
    }
  }
}

void arrange_third(const HighPlane& high, std::uint32_t (&third)[kPanelRows]) {
  for (std::uint32_t i = 0; i < 2; ++i) {
    for (std::int64_t row = 0; row < kPanelRows; ++row) {
      for (std::uint32_t pair = 0; pair < 2; ++pair) {  // the fields i and i + 2
        const std::uint32_t bits = high[i][row][pair];
        third[row] |= spread(bits & 15) << (2 * i + pair) | spread(bits >> 4) << (4 + 2 * i + pair);
      }
    }
  }
}

void arrange_q2(const std::byte* from, std::byte* to) {
  Q2Block block;
  std::memcpy(&block, from, sizeof(block));
  DeviceLines out = {};
  std::ranges::copy(block.scales, out.scales);
  for (std::int64_t row = 0; row < kPanelRows; ++row) {
    const int zero = block.zeros[row % 4] >> (row / 4 * 4) & 15;
    out.zeros[row] = static_cast<std::uint8_t>(16 + 4 * zero);
  }
  arrange_codes(block.low, out.codes);
  std::memcpy(to, &out, sizeof(out));
}

void arrange_q3(const std::byte* from, std::byte* to) {
  Q3Block block;
  std::memcpy(&block, from, sizeof(block));
  DeviceQ3Block out = {};
  std::ranges::copy(block.scales, out.lines.scales);
  std::ranges::copy(block.zeros, out.lines.zeros);
  arrange_codes(block.low, out.lines.codes);
  arrange_third(block.high, out.third);
  std::memcpy(to, &out, sizeof(out));
}

void arrange_q4s(const std::byte* from, std::byte* to) {
  Q4SBlock block;
  std::memcpy(&block, from, sizeof(block));
  Q4Block out;
  for (std::int64_t row = 0; row < kPanelRows; ++row) {
    out.scales[row] = float_to_half(q4s_scale(block.scales[row]));
  }
  static_assert(sizeof(out.quants) == sizeof(block.quants));
  std::memcpy(out.quants, block.quants, sizeof(out.quants));
  std::memcpy(to, &out, sizeof(out));
}

void arrange_block(DataType type, const std::byte* from, std::byte* to) {
  switch (type) {
    case DataType::kQ2: return arrange_q2(from, to);
    case DataType::kQ3: return arrange_q3(from, to);
    default: return arrange_q4s(from, to);
  }
}

std::size_t file_block_bytes(DataType type) {
  return quantization_format(type).block_size_bytes;
}

std::size_t device_block_bytes(DataType type) {
  switch (type) {
    case DataType::kQ2: return sizeof(DeviceLines);
    case DataType::kQ3: return sizeof(DeviceQ3Block);
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
  const std::size_t size_bytes = tensor_size_bytes(type, shape).value();
  if (!is_arranged(type)) return size_bytes;
  return size_bytes / file_block_bytes(type) * device_block_bytes(type);
}

BlockArranger::BlockArranger(DataType type)
    : type_(type), file_bytes_(file_block_bytes(type)), device_bytes_(device_block_bytes(type)) {
  TESSERA_CHECK(is_arranged(type));
}

std::vector<BlockArranger::Run> BlockArranger::take(std::size_t offset_bytes,
                                                    std::span<const std::byte> bytes) {
  std::vector<Run> runs;
  const std::size_t to_boundary = (file_bytes_ - offset_bytes % file_bytes_) % file_bytes_;
  const std::size_t head = std::min(to_boundary, bytes.size());
  const std::size_t whole = (bytes.size() - head) / file_bytes_ * file_bytes_;
  take_part(offset_bytes, bytes.first(head), runs);
  if (whole > 0) {
    runs.push_back(arrange((offset_bytes + head) / file_bytes_, bytes.subspan(head, whole)));
  }
  take_part(offset_bytes + head + whole, bytes.subspan(head + whole), runs);
  return runs;
}

void BlockArranger::take_part(std::size_t offset_bytes, std::span<const std::byte> bytes,
                              std::vector<Run>& runs) {
  if (bytes.empty()) return;
  const std::size_t number = offset_bytes / file_bytes_;
  Part& part = parts_[number];
  part.block.resize(file_bytes_);
  std::ranges::copy(bytes,
                    part.block.begin() + static_cast<std::ptrdiff_t>(offset_bytes % file_bytes_));
  part.count += bytes.size();
  if (part.count < file_bytes_) return;
  runs.push_back(arrange(number, part.block));
  parts_.erase(number);
}

BlockArranger::Run BlockArranger::arrange(std::size_t first_block,
                                          std::span<const std::byte> blocks) const {
  const std::size_t count = blocks.size() / file_bytes_;
  Run run{first_block * device_bytes_, std::vector<std::byte>(count * device_bytes_)};
  for (std::size_t i = 0; i < count; ++i) {
    arrange_block(type_, blocks.data() + i * file_bytes_, run.bytes.data() + i * device_bytes_);
  }
  return run;
}

}  // namespace tessera::webgpu
