#include "backends/webgpu/command_stream.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace tessera::webgpu {
namespace {

// The word count of a command has 24 bits.
constexpr std::size_t kCommandWordsMax = (1u << 24) - 1;

}  // namespace

std::uint32_t* CommandStream::begin_command(Opcode opcode, std::size_t operand_words) {
  const std::size_t count = operand_words + 1;
  TESSERA_CHECK(count <= kCommandWordsMax);
  const std::size_t begin = words_.size();
  words_.resize(begin + count);
  words_[begin] = static_cast<std::uint32_t>(opcode) | static_cast<std::uint32_t>(count) << 8;
  return words_.data() + begin + 1;
}

void CommandStream::append(Opcode opcode, std::initializer_list<std::uint32_t> operands) {
  append(opcode, std::span(operands.begin(), operands.size()));
}

void CommandStream::append(Opcode opcode, std::span<const std::uint32_t> operands) {
  std::ranges::copy(operands, begin_command(opcode, operands.size()));
}

void CommandStream::append(Opcode opcode, std::initializer_list<std::uint32_t> operands,
                           std::span<const std::byte> bytes) {
  std::uint32_t* to = begin_command(opcode, operands.size() + (bytes.size() + 3) / 4);
  std::ranges::copy(operands, to);
  if (!bytes.empty()) std::memcpy(to + operands.size(), bytes.data(), bytes.size());
}

std::span<const std::uint32_t> CommandStream::take() {
  taken_.swap(words_);
  words_.clear();
  return taken_;
}

}  // namespace tessera::webgpu
