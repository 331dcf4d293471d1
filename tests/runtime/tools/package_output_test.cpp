#include "tools/package_output.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstring>
#include <numeric>

#include "support/package_reading.h"
#include "support/temporary_directory.h"
#include "tools/sha256.h"

using Catch::Matchers::ContainsSubstring;
using namespace tessera;

namespace {

Manifest described() {
  Manifest manifest;
  manifest.name = "small";
  manifest.architecture = "llama";
  manifest.configuration_json = "{}";
  manifest.generation_json = "{}";
  manifest.special_tokens_json = "{}";
  return manifest;
}

std::vector<float> counted(std::size_t count, float first) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

void append_vector(PackageWriter& writer, const std::string& name, const std::vector<float>& values,
                   std::int32_t priority) {
  const auto size = static_cast<std::int64_t>(values.size());
  REQUIRE(writer.begin_tensor(name, DataType::kF32, Shape{size}, priority));
  // In uneven pieces, as a converter might.
  std::span<const std::byte> bytes = std::as_bytes(std::span(values));
  while (!bytes.empty()) {
    const std::size_t piece = std::min<std::size_t>(bytes.size(), 1'000'003);
    REQUIRE(writer.append(bytes.first(piece)));
    bytes = bytes.subspan(piece);
  }
  REQUIRE(writer.end_tensor());
}

PackageOutput created(const std::string& directory, bool replaces = false) {
  auto output = PackageOutput::create(directory, replaces);
  if (!output) FAIL(output.error().message);
  return std::move(*output);
}

void write_small_package(const std::string& directory, bool replaces, float value) {
  PackageOutput output = created(directory, replaces);
  PackageWriter writer(output);
  append_vector(writer, "v", {value}, 1);
  Manifest manifest = described();
  REQUIRE(writer.finish(manifest));
  REQUIRE(output.commit(manifest));
}

}  // namespace

TEST_CASE("SHA-256 of known texts") {
  CHECK(sha256_hex({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex(std::as_bytes(std::span("abc", 3))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("tensors larger than a shard are cut into parts and read back whole") {
  const TemporaryDirectory directory;
  const std::string path = directory.path("package");
  const std::vector<float> small = counted(3, 0.5f);
  const std::vector<float> large = counted(5'000'000, 1.0f);
  {
    PackageOutput output = created(path);
    PackageWriter writer(output);
    REQUIRE(writer.add_tokenizer("{\"model\":{}}"));
    append_vector(writer, "small", small, 1);
    append_vector(writer, "large", large, 2);
    append_vector(writer, "last", small, 7);
    Manifest manifest = described();
    REQUIRE(writer.finish(manifest));
    REQUIRE(output.commit(manifest));
  }
  CHECK(!directory.has("package.partial"));
  const PackageDirectory package = opened_package(path);
  CHECK(tensor_floats(package, "small") == small);
  CHECK(tensor_floats(package, "large") == large);
  CHECK(tensor_floats(package, "last") == small);
  CHECK(package.read_tokenizer().value() == "{\"model\":{}}");
  const Manifest& manifest = package.manifest();
  REQUIRE(manifest.shards.size() == 4);
  CHECK(manifest.shards[0].component == "tokenizer");
  CHECK(manifest.shards[1].size_bytes == kShardSizeBytesTarget);
  CHECK(manifest.shards[1].priority == 1);
  CHECK(manifest.shards[2].priority == 2);
  CHECK(tensor_of(package, "large").parts.size() == 3);
  for (const TensorEntry& tensor : manifest.tensors) CHECK(tensor.parts[0].offset % 64 == 0);
  for (const ShardEntry& shard : manifest.shards) {
    const std::string bytes = directory.read("package/shards/" + shard.sha256);
    CHECK(sha256_hex(std::as_bytes(std::span(bytes))) == shard.sha256);
  }
}

TEST_CASE("a run that does not commit leaves nothing behind") {
  const TemporaryDirectory directory;
  {
    PackageOutput output = created(directory.path("package"));
    REQUIRE(output.store(std::string(64, 'a'), std::as_bytes(std::span("abc", 3))));
    CHECK(directory.has("package.partial/shards"));
    CHECK(!directory.has("package"));
  }
  CHECK(!directory.has("package"));
  CHECK(!directory.has("package.partial"));
}

TEST_CASE("what a killed run left behind does not disturb the next one") {
  const TemporaryDirectory directory;
  directory.write("package.partial/shards/old", "half a shard");
  write_small_package(directory.path("package"), false, 2.0f);
  CHECK(tensor_floats(opened_package(directory.path("package")), "v") == std::vector<float>{2.0f});
  CHECK(!directory.has("package/shards/old"));
}

TEST_CASE("an existing directory is replaced only on request, and only if it is a package") {
  const TemporaryDirectory directory;
  const std::string path = directory.path("package");
  write_small_package(path, false, 1.0f);
  const auto refused = PackageOutput::create(path, false);
  REQUIRE(!refused);
  CHECK_THAT(refused.error().message, ContainsSubstring("--force"));
  write_small_package(path + "/", true, 3.0f);
  CHECK(tensor_floats(opened_package(path), "v") == std::vector<float>{3.0f});
  CHECK(!directory.has("package.replaced"));
  directory.write("home/letter.txt", "dear");
  CHECK(!PackageOutput::create(directory.path("home"), true));
  CHECK(directory.read("home/letter.txt") == "dear");
  directory.write("file", "x");
  CHECK(!PackageOutput::create(directory.path("file"), true));
}

TEST_CASE("opening a package checks that its shards are there and have their sizes") {
  const TemporaryDirectory directory;
  const std::string path = directory.path("package");
  CHECK_THAT(PackageDirectory::open(path).error().message, ContainsSubstring("no manifest.json"));
  write_small_package(path, false, 1.0f);
  const std::string shard = "package/shards/" + opened_package(path).manifest().shards[0].sha256;
  directory.write(shard, "12345");
  CHECK_THAT(PackageDirectory::open(path).error().message,
             ContainsSubstring("5 bytes, the manifest says 4"));
  std::filesystem::remove(directory.path(shard));
  CHECK(PackageDirectory::open(path).error().code == ErrorCode::kNotFound);
  directory.write("package/manifest.json", "{");
  CHECK_THAT(PackageDirectory::open(path).error().message, ContainsSubstring("manifest.json"));
}
