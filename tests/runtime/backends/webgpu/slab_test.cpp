#include "backends/webgpu/slab.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace tessera::webgpu {
namespace {

std::vector<std::uint32_t> words_of(CommandStream& commands) {
  const auto words = commands.take();
  return {words.begin(), words.end()};
}

std::uint32_t head(Opcode opcode, std::uint32_t words) {
  return static_cast<std::uint32_t>(opcode) | words << 8;
}

}  // namespace

TEST_CASE("a slab hands out aligned ranges that do not overlap, and reuses what comes back") {
  Slab slab(7);
  const std::size_t a = slab.take(100);
  const std::size_t b = slab.take(256);
  const std::size_t c = slab.take(0);
  CHECK(std::vector<std::size_t>{a, b, c} == std::vector<std::size_t>{0, 256, 512});
  CHECK(slab.size_bytes() == 768);
  slab.give_back(a, 100);
  slab.give_back(b, 256);
  CHECK(slab.take(512) == 0);  // the two were merged
  CHECK(slab.take(1) == 768);
  slab.give_back(c, 0);
  CHECK(slab.take(10) == 512);
}

TEST_CASE("a slab's buffer is made when it is needed and grows with it") {
  Slab slab(7);
  CommandStream commands;
  slab.commit(commands);
  CHECK(words_of(commands).empty());
  slab.take(300);
  slab.commit(commands);
  slab.commit(commands);
  CHECK(words_of(commands) ==
        std::vector<std::uint32_t>{head(Opcode::kCreateBuffer, 4), 7, 512, 0});
  slab.take(4);
  slab.commit(commands);
  CHECK(words_of(commands) == std::vector<std::uint32_t>{head(Opcode::kResizeBuffer, 3), 7, 768});
}

TEST_CASE("bytes in a command are padded to whole words") {
  CommandStream commands;
  const std::byte bytes[] = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
  commands.append(Opcode::kWriteBuffer, {3, 8, 8}, bytes);
  CHECK(words_of(commands) ==
        std::vector<std::uint32_t>{head(Opcode::kWriteBuffer, 6), 3, 8, 8, 0x04030201, 0x00000005});
}

}  // namespace tessera::webgpu
