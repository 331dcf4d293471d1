// CommandStream: builds the words of backends/webgpu/commands.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "backends/webgpu/commands.h"

namespace tessera::webgpu {

class CommandStream {
 public:
  void append(Opcode opcode, std::initializer_list<std::uint32_t> operands);
  void append(Opcode opcode, std::span<const std::uint32_t> operands);
  // Operands and then bytes, padded to a whole word.
  void append(Opcode opcode, std::initializer_list<std::uint32_t> operands,
              std::span<const std::byte> bytes);

  // What was appended since the last take; valid until the next append after it.
  std::span<const std::uint32_t> take();

 private:
  std::uint32_t* begin_command(Opcode opcode, std::size_t operand_words);

  std::vector<std::uint32_t> words_;
  std::vector<std::uint32_t> taken_;
};

}  // namespace tessera::webgpu
