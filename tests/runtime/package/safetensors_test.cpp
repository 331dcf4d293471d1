#include "package/safetensors.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "support/gguf_builder.h"

using Catch::Matchers::ContainsSubstring;
using namespace tessera;

namespace {

std::vector<std::byte> file_of(std::string_view header, std::size_t data_size_bytes) {
  Bytes bytes;
  bytes.string(header);
  bytes.get().resize(bytes.get().size() + data_size_bytes);
  return bytes.get();
}

Result<SafetensorsHeader> read(const std::vector<std::byte>& bytes) {
  return read_safetensors_header(MemorySource(bytes));
}

std::string message_of(std::string_view header, std::size_t data_size_bytes) {
  const auto result = read(file_of(header, data_size_bytes));
  REQUIRE(!result);
  return result.error().message;
}

constexpr std::string_view kTwo = R"({"__metadata__":{"format":"pt"},)"
                                  R"("b":{"dtype":"F16","shape":[2,3],"data_offsets":[8,20]},)"
                                  R"("a":{"dtype":"I64","shape":[],"data_offsets":[0,8]}})";

}  // namespace

TEST_CASE("a safetensors header gives each tensor's type, shape and place in the file") {
  const auto header = read(file_of(kTwo, 20));
  REQUIRE(header);
  REQUIRE(header->tensors.size() == 2);
  CHECK(header->tensors[0].name == "a");
  const SafetensorsTensor* b = header->find("b");
  REQUIRE(b != nullptr);
  CHECK(b->format->name == "F16");
  CHECK(b->shape == std::vector<std::int64_t>{2, 3});
  CHECK(b->offset == 8 + kTwo.size() + 8);
  CHECK(b->size_bytes == 12);
  CHECK(header->find("c") == nullptr);
  CHECK(header->find("a")->size_bytes == 8);
}

TEST_CASE("empty tensors and files without tensors are allowed") {
  CHECK(read(file_of("{}", 0))->tensors.empty());
  CHECK(read(file_of(R"({"e":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]}})", 0)));
}

TEST_CASE("a tensor's bytes lie inside the file, fit its shape, and belong to it alone") {
  CHECK_THAT(message_of(kTwo, 19), ContainsSubstring("b.data_offsets[1]: 20 is outside 0..19"));
  CHECK_THAT(message_of(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 8),
             ContainsSubstring("w: has 4 bytes, its type and shape ask for 8"));
  CHECK_THAT(message_of(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}})", 8),
             ContainsSubstring("w.data_offsets[0]"));
  CHECK_THAT(message_of(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}})", 8),
             ContainsSubstring("w.data_offsets[0]"));
  CHECK_THAT(message_of(R"({"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                        R"("w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                        8),
             ContainsSubstring("tensors v and w overlap"));
  CHECK_THAT(message_of(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                        R"("w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                        8),
             ContainsSubstring("two tensors are named w"));
}

TEST_CASE("shapes that overflow are refused") {
  CHECK_THAT(message_of(R"({"w":{"dtype":"F32","shape":[1099511627776,1099511627776],)"
                        R"("data_offsets":[0,0]}})",
                        8),
             ContainsSubstring("w: \"shape\" is too large"));
  CHECK_THAT(message_of(R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}})", 8),
             ContainsSubstring("w.shape[0]"));
  CHECK_THAT(
      message_of(R"({"w":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}})", 8),
      ContainsSubstring("more than 8 extents"));
}

TEST_CASE("an unknown element type is unsupported and named") {
  const auto result =
      read(file_of(R"({"w":{"dtype":"F8_E5M2","shape":[1],"data_offsets":[0,1]}})", 1));
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::kUnsupported);
  CHECK_THAT(result.error().message, ContainsSubstring("w: element type \"F8_E5M2\""));
}

TEST_CASE("a header size beyond the file or the format's limit is refused") {
  for (const std::uint64_t size : {~std::uint64_t{0}, std::uint64_t{1} << 62,
                                   std::uint64_t{200} << 20, std::uint64_t{kTwo.size() + 21}}) {
    std::vector<std::byte> bytes = file_of(kTwo, 20);
    std::memcpy(bytes.data(), &size, sizeof(size));
    const auto result = read(bytes);
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::kInvalidFile);
  }
}

TEST_CASE("every truncation of a safetensors file is refused") {
  const std::vector<std::byte> bytes = file_of(kTwo, 20);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(!read({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
}

TEST_CASE("a safetensors file with flipped bits is refused or stays inside its bytes") {
  const std::vector<std::byte> bytes = file_of(kTwo, 20);
  for (std::size_t bit = 0; bit < (bytes.size() - 20) * 8; ++bit) {
    std::vector<std::byte> flipped = bytes;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto header = read(flipped);
    if (!header) continue;
    for (const SafetensorsTensor& tensor : header->tensors) {
      REQUIRE(tensor.offset + tensor.size_bytes <= flipped.size());
    }
  }
}
