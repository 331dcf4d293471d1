// Decoders against Hugging Face transformers: tests/fixtures/<name> holds a model and reference
// logits.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <cmath>
#include <string>

#include "backends/cpu/cpu_backend.h"
#include "model/decoder_configuration.h"
#include "model/decoder_model.h"
#include "package/random_access_file.h"
#include "package/safetensors.h"

namespace tessera {
namespace {

struct Fixture {
  std::string architecture;
  std::string configuration_json;
  Manifest manifest;  // one shard: the whole safetensors file
  std::vector<std::byte> bytes;
  std::vector<std::int32_t> ids;
  std::vector<float> logits;
};

template <typename T>
T require(Result<T> result) {
  INFO((result ? "" : result.error().message));
  REQUIRE(result.has_value());
  return std::move(result).value();
}

void require_void(const Result<void>& result) {
  INFO((result ? "" : result.error().message));
  REQUIRE(result.has_value());
}

// Files of tests fit any memory.
std::size_t size_of(std::uint64_t size_bytes) {
  return static_cast<std::size_t>(size_bytes);
}

template <typename T>
std::vector<T> read_tensor(const RandomAccessFile& file, const SafetensorsTensor* tensor) {
  REQUIRE(tensor != nullptr);
  std::vector<T> values(size_of(tensor->size_bytes) / sizeof(T));
  require_void(file.read(tensor->offset, std::as_writable_bytes(std::span(values))));
  return values;
}

Fixture load_fixture(const std::string& name) {
  const std::string folder = std::string(TESSERA_SOURCE_DIR) + "/tests/fixtures/" + name;
  Fixture fixture;
  fixture.architecture = name.substr(0, name.find('_'));
  fixture.configuration_json = require(read_text_file(folder + "/config.json", 1 << 20));

  const auto model = require(RandomAccessFile::open(folder + "/model.safetensors"));
  const auto header = require(read_safetensors_header(model));
  for (const SafetensorsTensor& tensor : header.tensors) {
    REQUIRE(tensor.format->name == "F32");
    fixture.manifest.tensors.push_back({tensor.name,
                                        DataType::kF32,
                                        Shape(std::span(tensor.shape)),
                                        {{0, tensor.offset, tensor.size_bytes}}});
  }
  fixture.manifest.shards.push_back({"", model.size_bytes(), "language_model", 0});
  fixture.bytes.resize(size_of(model.size_bytes()));
  require_void(model.read(0, fixture.bytes));

  const auto reference = require(RandomAccessFile::open(folder + "/reference.safetensors"));
  const auto outputs = require(read_safetensors_header(reference));
  fixture.ids = read_tensor<std::int32_t>(reference, outputs.find("in.input_ids"));
  fixture.logits = read_tensor<float>(reference, outputs.find("out.logits"));
  return fixture;
}

std::vector<float> run_fixture(const Fixture& fixture, std::int64_t chunk_tokens, int threads) {
  const auto backend = require(CpuBackend::create({.threads = threads}));
  const Weights weights = require(Weights::allocate(fixture.manifest, *backend));
  for (const ShardSpan& span : weights.shard_spans(0)) {
    require_void(backend->write(
        span.buffer, size_of(span.buffer_offset_bytes),
        std::span(fixture.bytes).subspan(size_of(span.offset), size_of(span.size_bytes))));
  }
  const auto configuration =
      require(parse_decoder_configuration(fixture.architecture, fixture.configuration_json));
  const DecoderOptions options{.context_tokens_max = static_cast<std::int64_t>(fixture.ids.size()),
                               .chunk_tokens_max = chunk_tokens,
                               .kv_type = KvType::kF32,
                               .activations = Activations::kF32};
  const auto decoder = require(DecoderModel::create(configuration, weights, *backend, options));
  const auto vocabulary = static_cast<std::size_t>(configuration.vocabulary_size);
  std::vector<float> logits(fixture.ids.size() * vocabulary);
  const auto chunk_size = static_cast<std::size_t>(chunk_tokens);
  for (std::size_t start = 0; start < fixture.ids.size(); start += chunk_size) {
    const std::span ids(fixture.ids.data() + start,
                        std::min(chunk_size, fixture.ids.size() - start));
    require_void(decoder->forward(ids, static_cast<std::int64_t>(start), LogitsRows::kAll));
    const ReadTicket ticket = require(decoder->begin_read_logits());
    const std::span rows = std::span(logits).subspan(start * vocabulary, ids.size() * vocabulary);
    require_void(backend->finish_read(ticket, std::as_writable_bytes(rows)));
  }
  return logits;
}

double relative_error(const std::vector<float>& ours, const std::vector<float>& reference) {
  REQUIRE(ours.size() == reference.size());
  double difference = 0.0, size = 0.0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double delta = static_cast<double>(ours[i]) - static_cast<double>(reference[i]);
    difference += delta * delta;
    size += static_cast<double>(reference[i]) * static_cast<double>(reference[i]);
  }
  return std::sqrt(difference / size);
}

TEST_CASE("decoders give the logits that transformers gives") {
  const std::string name =
      GENERATE(as<std::string>(), "llama", "llama3_rope", "qwen2", "qwen3", "llama_biases",
               "llama_linear_rope", "llama_yarn_rope", "llama_dynamic_rope",
               "llama_gelu_multi_query", "qwen2_window", "qwen3_window_untied");
  // llama3_rope is Llama with another option; its folder's name has a 3.
  Fixture fixture = load_fixture(name);
  if (fixture.architecture == "llama3") fixture.architecture = "llama";
  for (const std::int64_t chunk_tokens : {128, 7}) {
    INFO(name << " in chunks of " << chunk_tokens);
    CHECK(relative_error(run_fixture(fixture, chunk_tokens, 2), fixture.logits) < 1e-4);
  }
}

}  // namespace
}  // namespace tessera
