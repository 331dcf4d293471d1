// The converter from end to end, on fixtures, story15m and a GGUF file made here.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>

#include "base/half.h"
#include "package/gguf_source.h"
#include "package/random_access_file.h"
#include "support/package_reading.h"
#include "support/random_values.h"
#include "support/temporary_directory.h"
#include "support/tiny_gguf.h"
#include "tools/bits_per_weight.h"
#include "tools/convert_model.h"
#include "tools/load_model.h"
#include "tools/open_source.h"
#include "tools/package_output.h"
#include "tools/package_report.h"

using Catch::Matchers::ContainsSubstring;
using namespace tessera;

namespace {

const std::string kFixtures = TESSERA_SOURCE_DIR "/tests/fixtures/";
const std::string kStory = TESSERA_SOURCE_DIR "/tests/models/story15m";

std::unique_ptr<ModelSource> opened(const std::string& path) {
  auto source = open_source(path, "");
  if (!source) FAIL(source.error().message);
  return std::move(*source);
}

PackageDirectory converted(const ModelSource& source, const std::string& out,
                           std::optional<DataType> weights = std::nullopt) {
  auto output = PackageOutput::create(out, true);
  REQUIRE(output);
  ConvertOptions options;
  options.weights = weights;
  options.threads = 2;
  const auto manifest = convert_model(source, options, *output);
  if (!manifest) FAIL(manifest.error().message);
  REQUIRE(output->commit(*manifest));
  return opened_package(out);
}

std::vector<float> source_floats(const ModelSource& source, std::size_t index) {
  const SourceTensor& tensor = source.tensors()[index];
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.rows()) * tensor.row_size_bytes());
  REQUIRE(source.read_rows(index, 0, bytes));
  std::vector<float> values(static_cast<std::size_t>(tensor.shape.element_count()));
  stored_to_floats(*tensor.format, bytes.data(), values);
  return values;
}

// |ours - source| / |source| over all weights of matrices that are neither embedding nor output.
double relative_error(const ModelSource& source, const PackageDirectory& package) {
  double difference = 0, length = 0;
  for (std::size_t i = 0; i < source.tensors().size(); ++i) {
    const SourceTensor& tensor = source.tensors()[i];
    if (tensor.shape.rank() != 2 || tensor.name.find("embed") != std::string::npos) continue;
    const std::vector<float> expected = source_floats(source, i);
    const std::vector<float> values = tensor_floats(package, tensor.name);
    for (std::size_t k = 0; k < values.size(); ++k) {
      difference += std::pow(static_cast<double>(values[k]) - static_cast<double>(expected[k]), 2);
      length += std::pow(static_cast<double>(expected[k]), 2);
    }
  }
  return std::sqrt(difference / length);
}

// Random blocks whose f16 fields are finite and of moderate size.
std::vector<std::byte> random_blocks(const StoredFormat& format, std::size_t count,
                                     std::size_t half_fields, std::uint64_t seed) {
  testing::RandomValues random(seed);
  Bytes bytes;
  for (std::size_t block = 0; block < count; ++block) {
    for (std::size_t i = 0; i < half_fields; ++i) bytes.number(float_to_half(random.uniform(0.1f)));
    for (std::size_t i = 2 * half_fields; i < format.block_size_bytes; ++i) {
      bytes.number(static_cast<std::uint8_t>(random.below(256)));
    }
  }
  return bytes.get();
}

// The tiny model with matrices of every block format that can be taken over without loss.
std::vector<std::byte> quantized_gguf() {
  GgufBuilder builder;
  add_tiny_metadata(builder);
  add_tiny_tokenizer(builder);
  const auto matrix = [&](const std::string& name, std::uint64_t columns, std::uint64_t rows,
                          std::uint32_t type, std::size_t half_fields) {
    const StoredFormat& format = *stored_format_of_gguf(type);
    builder.tensor(
        name, {columns, rows}, type,
        random_blocks(format, columns * rows / format.block_elements, half_fields, rows));
  };
  const auto vector = [&](const std::string& name) {
    builder.tensor(name, {kTinyHidden}, kGgmlF32, counted_f32(kTinyHidden));
  };
  matrix("token_embd.weight", 64, kTinyVocabulary, kGgmlQ8_0, 1);
  vector("output_norm.weight");
  vector("blk.0.attn_norm.weight");
  vector("blk.0.ffn_norm.weight");
  matrix("blk.0.attn_q.weight", 64, 64, kGgmlQ4_1, 2);
  matrix("blk.0.attn_k.weight", 64, 32, kGgmlQ4_0, 1);
  matrix("blk.0.attn_v.weight", 64, 32, kGgmlQ5_0, 1);
  matrix("blk.0.attn_output.weight", 64, 64, kGgmlQ4_1, 2);
  matrix("blk.0.ffn_gate.weight", 64, 96, kGgmlQ4_0, 1);
  matrix("blk.0.ffn_up.weight", 64, 96, kGgmlQ8_0, 1);
  matrix("blk.0.ffn_down.weight", 96, 64, kGgmlQ4_1, 2);
  return builder.build();
}

}  // namespace

TEST_CASE("a float32 checkpoint keeps every bit") {
  for (const std::string family : {"llama", "qwen2", "qwen3", "llama3_rope"}) {
    INFO(family);
    const TemporaryDirectory directory;
    const auto source = opened(kFixtures + family);
    const PackageDirectory package = converted(*source, directory.path("out"));
    CHECK(package.manifest().name == family);
    CHECK(package.manifest().tensors.size() == source->tensors().size());
    for (std::size_t i = 0; i < source->tensors().size(); ++i) {
      const SourceTensor& tensor = source->tensors()[i];
      CHECK(tensor_of(package, tensor.name).type == DataType::kF32);
      CHECK(tensor_of(package, tensor.name).shape == tensor.shape);
      CHECK(tensor_floats(package, tensor.name) == source_floats(*source, i));
    }
  }
}

TEST_CASE("a float16 checkpoint keeps matrices as f16 and makes vectors f32, both exact") {
  const TemporaryDirectory directory;
  const auto source = opened(kStory);
  const PackageDirectory package = converted(*source, directory.path("out"));
  for (std::size_t i = 0; i < source->tensors().size(); ++i) {
    const SourceTensor& tensor = source->tensors()[i];
    const DataType expected = tensor.shape.rank() == 2 ? DataType::kF16 : DataType::kF32;
    CHECK(tensor_of(package, tensor.name).type == expected);
    CHECK(tensor_floats(package, tensor.name) == source_floats(*source, i));
  }
  CHECK(package.read_tokenizer().value().size() == 549'601);
  CHECK(package.manifest().generation_json == R"({"end_token_ids":[0,3]})");
  CHECK(package.manifest().chat_template.has_value());
}

TEST_CASE("quantized story15m stays close to its source at the bits that it should have") {
  const TemporaryDirectory directory;
  const auto source = opened(kStory);
  struct Row {
    DataType type;
    double bits, error_max;
  };
  // The error of rounding a uniform variable to n levels is its range / (n sqrt(12)); for groups of
  // 32 normal weights, ranges of about 4.2 standard deviations give 0.5 % at 8 bits and 8 % at 4.
  for (const Row row : {Row{DataType::kQ8, 8.5, 0.006}, Row{DataType::kQ4, 4.5, 0.09},
                        Row{DataType::kQ4S, 4.25, 0.09}, Row{DataType::kQ4M, 5.0, 0.08}}) {
    INFO(data_type_name(row.type));
    const PackageDirectory package = converted(*source, directory.path("out"), row.type);
    const double error = relative_error(*source, package);
    CHECK(error < row.error_max);
    CHECK(error > row.error_max / 4);
    CHECK(std::abs(bits_per_weight(package.manifest()).linear - row.bits) < 0.01);
    CHECK(tensor_of(package, "model.embed_tokens.weight").type == DataType::kQ8);
    CHECK(tensor_of(package, "model.norm.weight").type == DataType::kF32);
  }
}

TEST_CASE("GGUF blocks are taken over without loss") {
  const TemporaryDirectory directory;
  directory.write("Tiny-1B.Q4_1.gguf", quantized_gguf());
  const auto source = opened(directory.path("Tiny-1B.Q4_1.gguf"));
  const PackageDirectory package = converted(*source, directory.path("out"));
  CHECK(package.manifest().name == "Tiny-1B");
  for (std::size_t i = 0; i < source->tensors().size(); ++i) {
    const SourceTensor& tensor = source->tensors()[i];
    INFO(tensor.name);
    const bool is_matrix = tensor.shape.rank() == 2;
    CHECK(tensor_of(package, tensor.name).type ==
          (is_matrix ? tensor.format->natural_type : DataType::kF32));
    CHECK(tensor_floats(package, tensor.name) == source_floats(*source, i));
  }
}

TEST_CASE("a package is the same whatever the number of threads") {
  const TemporaryDirectory directory;
  const auto source = opened(kFixtures + "llama");
  std::vector<std::string> manifests;
  for (const int threads : {1, 3}) {
    auto output = PackageOutput::create(directory.path("out"), true);
    REQUIRE(output);
    ConvertOptions options;
    options.weights = DataType::kQ4;
    options.threads = threads;
    manifests.push_back(write_manifest(*convert_model(*source, options, *output)));
  }
  CHECK(manifests[0] == manifests[1]);
}

TEST_CASE("tensors are ordered as a loader needs them") {
  const TemporaryDirectory directory;
  const PackageDirectory package = converted(*opened(kFixtures + "llama"), directory.path("out"));
  std::int32_t last = 0;
  for (const TensorEntry& tensor : package.manifest().tensors) {
    CHECK(load_priority(tensor.name) >= last);
    last = load_priority(tensor.name);
  }
  CHECK(package.manifest().tensors.front().name == "model.embed_tokens.weight");
  CHECK(package.manifest().tensors.back().name == "model.norm.weight");
  CHECK(load_priority("model.layers.2.x") < load_priority("model.layers.10.x"));
  CHECK(load_priority("model.layers.99999999999.x") > load_priority("model.layers.10.x"));
}

TEST_CASE("damaged weights and unknown architectures are refused by name") {
  const TemporaryDirectory directory;
  const auto refused = [&](const std::string& config, std::uint16_t half, std::string_view dtype) {
    const Bytes data = Bytes().number(half).number(half);
    const std::string header = R"({"model.norm.weight":{"dtype":")" + std::string(dtype) +
                               R"(","shape":[1,2],"data_offsets":[0,4]}})";
    directory.write("model/config.json", config);
    directory.write("model/model.safetensors", Bytes().string(header).raw(data.get()).get());
    const auto source = opened(directory.path("model"));
    auto output = PackageOutput::create(directory.path("out"), false);
    const auto manifest = convert_model(*source, {}, *output);
    REQUIRE(!manifest);
    return manifest.error().message;
  };
  const std::string config =
      R"({"model_type":"llama","vocab_size":2,"hidden_size":2,"intermediate_size":2,)"
      R"("num_hidden_layers":1,"num_attention_heads":1})";
  CHECK_THAT(refused(config, 0x7e00, "F16"), ContainsSubstring("tensor model.norm.weight: holds"));
  CHECK_THAT(refused(config, 0x7f80, "BF16"), ContainsSubstring("infinite or not a number"));
  CHECK_THAT(refused(config, 0x7f00, "BF16"), ContainsSubstring("too large for f16"));
  CHECK_THAT(refused(R"({"model_type":"mamba"})", 0, "F16"), ContainsSubstring("\"mamba\""));
  CHECK(!directory.has("out"));
  CHECK(!directory.has("out.partial"));
}

TEST_CASE("a model's name follows from its path") {
  CHECK(model_name_of_path("/models/SmolLM2-135M-Instruct.Q4_1.gguf") == "SmolLM2-135M-Instruct");
  CHECK(model_name_of_path("tiny-Q4_K_M.gguf") == "tiny");
  CHECK(model_name_of_path("tiny-f16.gguf") == "tiny");
  CHECK(model_name_of_path("tiny-1B.gguf") == "tiny-1B");
  CHECK(model_name_of_path("/models/Qwen3-0.6B/") == "Qwen3-0.6B");
}

TEST_CASE("inspecting and loading name the shard that is damaged") {
  const TemporaryDirectory directory;
  const PackageDirectory package = converted(*opened(kFixtures + "llama"), directory.path("out"));
  CHECK(find_damaged_shards(package).value().empty());
  const ShardEntry& shard = package.manifest().shards[0];
  std::string bytes = directory.read("out/shards/" + shard.sha256);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  directory.write("out/shards/" + shard.sha256, bytes);
  CHECK(find_damaged_shards(package).value() == std::vector<std::size_t>{0});
  PackageReport report{&package, std::vector<std::size_t>{0}};
  CHECK_THAT(report_text(report), ContainsSubstring("DAMAGED"));
  CHECK_THAT(report_json(report), ContainsSubstring("\"is_intact\":false"));
  LoadOptions options;
  options.package = directory.path("out");
  const auto loaded = load_model(options);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == ErrorCode::kInvalidFile);
  CHECK_THAT(loaded.error().message, ContainsSubstring(shard.sha256));
}
