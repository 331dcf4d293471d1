#include "package/gguf.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "support/tiny_gguf.h"

using Catch::Matchers::ContainsSubstring;
using namespace tessera;

namespace {

Result<Gguf> read(const std::vector<std::byte>& bytes) {
  return Gguf::read(MemorySource(bytes));
}

Error error_of(const GgufBuilder& builder, std::uint32_t version = 3) {
  const auto gguf = read(builder.build(version));
  REQUIRE(!gguf);
  return gguf.error();
}

}  // namespace

TEST_CASE("metadata of every kind is read from versions 2 and 3") {
  GgufBuilder builder;
  builder.string("text", "é").u32("count", 7).f32("ratio", 0.25f).boolean("flag", true);
  builder.strings("words", {"a", "", "bc"}).i32s("kinds", {1, -2}).f32s("scores", {-1.5f});
  builder.value("wide", 10, Bytes().number(std::uint64_t{1} << 40));
  builder.value("small", 1, Bytes().number(std::int8_t{-3}));
  builder.value("double", 12, Bytes().number(0.1));
  for (const std::uint32_t version : {2u, 3u}) {
    const auto gguf = read(builder.build(version));
    REQUIRE(gguf);
    CHECK(*gguf->string("text") == "\xc3\xa9");
    CHECK(*gguf->integer("count", 0, 10) == 7);
    CHECK(*gguf->integer("wide", 0, std::int64_t{1} << 50) == std::int64_t{1} << 40);
    CHECK(*gguf->integer("small", -5, 5) == -3);
    CHECK(gguf->optional_number("ratio")->value() == 0.25);
    CHECK(gguf->optional_number("double")->value() == 0.1);
    CHECK(gguf->optional_number("count")->value() == 7.0);
    CHECK(gguf->optional_boolean("flag")->value());
    CHECK(**gguf->strings("words") == std::vector<std::string>{"a", "", "bc"});
    CHECK(**gguf->integers("kinds") == std::vector<std::int64_t>{1, -2});
    CHECK(**gguf->numbers("scores") == std::vector<double>{-1.5});
    CHECK(gguf->has("flag"));
    CHECK(!gguf->has("absent"));
    CHECK(*gguf->strings("absent") == nullptr);
    CHECK(!gguf->optional_string("absent")->has_value());
  }
}

TEST_CASE("a key of another type or out of range is an error that names it") {
  GgufBuilder builder;
  builder.u32("count", 7).string("text", "x").strings("words", {"a"});
  const auto gguf = read(builder.build());
  REQUIRE(gguf);
  CHECK_THAT(gguf->string("count").error().message, ContainsSubstring("count is not a string"));
  CHECK_THAT(gguf->integer("text", 0, 1).error().message,
             ContainsSubstring("text is not an integer"));
  CHECK_THAT(gguf->integer("count", 8, 9).error().message,
             ContainsSubstring("count is 7, outside 8..9"));
  CHECK_THAT(gguf->integer("absent", 8, 9).error().message, ContainsSubstring("absent is missing"));
  CHECK_THAT(gguf->optional_boolean("count").error().message,
             ContainsSubstring("count is not a boolean"));
  CHECK(!gguf->integers("words"));
  CHECK(!gguf->optional_number("text"));
}

TEST_CASE("arrays of arrays are passed over") {
  Bytes nested;
  nested.number(std::uint32_t{9}).number(std::uint64_t{2});
  nested.number(std::uint32_t{4}).number(std::uint64_t{1}).number(std::uint32_t{5});
  nested.number(std::uint32_t{8}).number(std::uint64_t{1}).string("x");
  GgufBuilder builder;
  builder.value("nested", 9, nested).u32("after", 3);
  const auto gguf = read(builder.build());
  REQUIRE(gguf);
  CHECK(*gguf->integer("after", 0, 9) == 3);
}

TEST_CASE("tensors have shapes outermost first and lie where the file says") {
  GgufBuilder builder;
  builder.tensor("q", {64, 3}, kGgmlQ8_0, std::vector<std::byte>(3 * 2 * 34));
  builder.tensor("f", {5}, kGgmlF32, std::vector<std::byte>(20));
  const std::vector<std::byte> bytes = builder.build();
  const auto gguf = read(bytes);
  REQUIRE(gguf);
  const GgufTensor* q = gguf->find_tensor("q");
  REQUIRE(q != nullptr);
  CHECK(q->shape == std::vector<std::int64_t>{3, 64});
  CHECK(q->format->name == "Q8_0");
  CHECK(q->size_bytes == 204);
  CHECK(gguf->find_tensor("f")->offset == q->offset + 224);
  CHECK(gguf->find_tensor("f")->offset + 20 == bytes.size());
  CHECK(gguf->find_tensor("g") == nullptr);
}

TEST_CASE("tensors that overlap, stick out or have the same name are refused") {
  GgufBuilder overlapping, outside, twice, odd;
  overlapping.tensor("a", {16}, kGgmlF32, std::vector<std::byte>(64));
  overlapping.tensor("b", {16}, kGgmlF32, std::vector<std::byte>(64)).at(32);
  CHECK_THAT(error_of(overlapping).message, ContainsSubstring("tensors a and b overlap"));
  outside.tensor("a", {16}, kGgmlF32, std::vector<std::byte>(60));
  CHECK_THAT(error_of(outside).message, ContainsSubstring("tensor a: 64 bytes at offset 0"));
  twice.tensor("a", {8}, kGgmlF32, std::vector<std::byte>(32));
  twice.tensor("a", {8}, kGgmlF32, std::vector<std::byte>(32));
  CHECK_THAT(error_of(twice).message, ContainsSubstring("two tensors are named a"));
  odd.tensor("a", {1}, kGgmlF32, std::vector<std::byte>(64)).at(4);
  CHECK_THAT(error_of(odd).message, ContainsSubstring("tensor a"));
}

TEST_CASE("tensor types and shapes that cannot be read are named") {
  GgufBuilder unsupported, unknown, ragged, many, huge, none;
  unsupported.tensor("blk.0.ffn_up.weight", {256}, kGgmlQ2_K, std::vector<std::byte>(84));
  CHECK(error_of(unsupported).code == ErrorCode::kUnsupported);
  CHECK_THAT(error_of(unsupported).message,
             ContainsSubstring("tensor blk.0.ffn_up.weight: type Q2_K is not supported"));
  unknown.tensor("a", {256}, 77, {});
  CHECK_THAT(error_of(unknown).message, ContainsSubstring("type 77"));
  ragged.tensor("a", {33}, kGgmlQ8_0, std::vector<std::byte>(68));
  CHECK_THAT(error_of(ragged).message, ContainsSubstring("no whole blocks of Q8_0"));
  many.tensor("a", {1, 1, 1, 1, 1}, kGgmlF32, std::vector<std::byte>(4));
  CHECK_THAT(error_of(many).message, ContainsSubstring("5 axes"));
  huge.tensor("a", {1u << 30, 1u << 30}, kGgmlF32, {});
  CHECK_THAT(error_of(huge).message, ContainsSubstring("too many elements"));
  none.tensor("a", {0}, kGgmlF32, {});
  CHECK_THAT(error_of(none).message, ContainsSubstring("an extent of 0"));
}

TEST_CASE("other files, versions and byte orders are told apart") {
  CHECK_THAT(read(Bytes().text("PK\x03\x04 and more").get()).error().message,
             ContainsSubstring("not a GGUF file"));
  CHECK_THAT(error_of(GgufBuilder(), 1).message, ContainsSubstring("GGUF version 1"));
  CHECK_THAT(error_of(GgufBuilder(), 4).message, ContainsSubstring("GGUF version 4"));
  CHECK_THAT(error_of(GgufBuilder(), 0x03000000).message, ContainsSubstring("big-endian"));
}

TEST_CASE("counts and lengths beyond the file are refused before memory is taken") {
  const auto with_counts = [](std::uint64_t tensors, std::uint64_t entries) {
    return Bytes().text("GGUF").number(3u).number(tensors).number(entries).get();
  };
  CHECK(!read(with_counts(~std::uint64_t{0}, 0)));
  CHECK(!read(with_counts(0, ~std::uint64_t{0})));
  CHECK(!read(with_counts(1, 0)));
  GgufBuilder long_array, long_string, bad_type, deep;
  long_array.value("a", 9, Bytes().number(8u).number(std::uint64_t{1} << 60));
  CHECK_THAT(error_of(long_array).message, ContainsSubstring("a: an array of 1152921504606846976"));
  long_string.value("a", 8, Bytes().number(std::uint64_t{1} << 60));
  CHECK_THAT(error_of(long_string).message, ContainsSubstring("a: a string of"));
  bad_type.value("a", 13, Bytes().number(1u));
  CHECK_THAT(error_of(bad_type).message, ContainsSubstring("a: unknown value type 13"));
  Bytes nested;
  for (int depth = 0; depth < 1000; ++depth) nested.number(9u).number(std::uint64_t{1});
  deep.value("a", 9, nested);
  CHECK_THAT(error_of(deep).message, ContainsSubstring("a: arrays nested too deep"));
  GgufBuilder twice;
  twice.u32("k", 1).u32("k", 2);
  CHECK_THAT(error_of(twice).message, ContainsSubstring("key k occurs twice"));
  GgufBuilder alignment;
  alignment.u32("general.alignment", 24);
  CHECK_THAT(error_of(alignment).message, ContainsSubstring("no power of two"));
}

TEST_CASE("every truncation of a GGUF file is refused") {
  const std::vector<std::byte> bytes = tiny_gguf().build();
  const std::size_t head = bytes.size() > 4096 ? 4096 : bytes.size();
  for (std::size_t size = 0; size < head; ++size) {
    CHECK(!read({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
  CHECK(!read({bytes.begin(), bytes.end() - 1}));
  CHECK(read(bytes));
}

TEST_CASE("a GGUF file with flipped bits is refused or stays inside its bytes") {
  GgufBuilder builder;
  add_tiny_tokenizer(builder);
  builder.tensor("a", {32}, kGgmlQ4_1, std::vector<std::byte>(20));
  const std::vector<std::byte> bytes = builder.build();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::vector<std::byte> flipped = bytes;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto gguf = read(flipped);
    if (!gguf) continue;
    for (const GgufTensor& tensor : gguf->tensors()) {
      REQUIRE(tensor.offset + tensor.size_bytes <= flipped.size());
    }
  }
}
