// What `tessera convert` makes of a model when it calibrates and tunes, on a small random model.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "backends/cpu/cpu_backend.h"
#include "base/json.h"
#include "support/package_reading.h"
#include "support/temporary_directory.h"
#include "tensor/shape.h"
#include "tools/bits_per_weight.h"
#include "tools/load_model.h"
#include "tools/measure_kv_rows.h"
#include "tools/package_output.h"
#include "tools/quantize_model.h"
#include "tools/synthetic_model.h"

using Catch::Matchers::ContainsSubstring;
using namespace tessera;

namespace {

std::unique_ptr<SyntheticModel> small_model(bool ties_embeddings) {
  SyntheticOptions options;
  options.hidden_size = 64;
  options.intermediate_size = 96;
  options.layers = 2;
  options.query_heads = 2;
  options.key_value_heads = 1;
  options.vocabulary_size = 512;
  options.context_tokens_max = 48;
  options.ties_embeddings = ties_embeddings;
  auto model = SyntheticModel::create(options);
  REQUIRE(model);
  return std::move(*model);
}

QuantizeOptions quiet_options(int tuning_steps) {
  QuantizeOptions options;
  options.weights = DataType::kQ2;
  options.tuning_steps = tuning_steps;
  options.threads = 2;
  options.quiet = true;
  return options;
}

}  // namespace

TEST_CASE("tuning keeps every matrix's format and size, adds norms, and says what it did") {
  const auto model = small_model(false);
  const auto quantized = quantize_model(*model, quiet_options(3));
  REQUIRE(quantized);
  for (const SourceTensor& tensor : model->tensors()) {
    INFO(tensor.name);
    const auto found = quantized->tensors.find(tensor.name);
    if (found == quantized->tensors.end()) {
      CHECK(tensor.shape.rank() == 1);
      continue;
    }
    const bool is_outer = tensor.name.find("embed") != std::string::npos ||
                          tensor.name.find("lm_head") != std::string::npos;
    const DataType type = tensor.shape.rank() == 1 ? DataType::kF32
                          : is_outer               ? DataType::kQ8
                                                   : DataType::kQ2;
    CHECK(found->second.type == type);
    CHECK(found->second.bytes.size() == tensor_size_bytes(type, tensor.shape).value());
  }
  const auto document = JsonDocument::parse(quantized->quantization_json);
  REQUIRE(document);
  const JsonObject account = *document->root().object();
  const JsonObject tuning = *account.require("tuning")->object();
  CHECK(*tuning.integer("steps") == 3);
  CHECK(*tuning.integer("self_written_tokens") > 0);
  CHECK(*tuning.boolean("is_kept") ==
        (*tuning.number("divergence_after") < *tuning.number("divergence_before")));
  CHECK(*account.require("calibration")->object()->integer("self_written_tokens") > 0);
}

TEST_CASE("calibration makes codecs of every layer's keys and values, which a package takes in") {
  const auto model = small_model(true);
  const auto quantized = quantize_model(*model, quiet_options(0));
  REQUIRE(quantized);
  REQUIRE(quantized->codecs.size() == 4);
  const TemporaryDirectory directory;
  auto output = PackageOutput::create(directory.path("out"), true);
  REQUIRE(output);
  ConvertOptions options;
  options.finished = &quantized->tensors;
  options.added = quantized->codecs;
  const auto manifest = convert_model(*model, options, *output);
  REQUIRE(manifest);
  REQUIRE(output->commit(*manifest));
  const PackageDirectory package = opened_package(directory.path("out"));
  std::int32_t last = 0;
  for (const TensorEntry& tensor : package.manifest().tensors) {
    CHECK(load_priority(tensor.name) >= last);
    last = load_priority(tensor.name);
  }
  for (const AddedTensor& codec : quantized->codecs) {
    INFO(codec.name);
    const TensorEntry& tensor = tensor_of(package, codec.name);
    CHECK(tensor.type == DataType::kF16);
    CHECK(tensor.shape == codec.shape);
    CHECK(package.read_tensor(tensor).value() == codec.tensor.bytes);
  }
  const double bits = bits_per_weight(package.manifest()).linear;
  CHECK(bits == 2.375);  // codecs do not count as weights
  LoadOptions load;
  load.package = directory.path("out");
  load.kv = "4";
  CHECK(load_model(load).has_value());

  // Rows of other sizes take other bytes; those that do not fit the model are refused.
  const auto kv_bytes = [&](const std::vector<KvLayerRows>& rows) -> Result<std::size_t> {
    TextModelOptions model_options;
    model_options.kv_type = KvType::k2;
    model_options.kv_rows = rows;
    TESSERA_TRY(const auto loaded,
                load_model(package, model_options, CpuBackend::create({}).value()));
    return loaded->decoder().kv_bytes_per_token();
  };
  const DecoderConfiguration configuration = load_model(load).value()->decoder().configuration();
  const std::int64_t least = kv_row_bytes_min(configuration.head_size);
  const auto bytes = static_cast<std::int32_t>(least);
  const auto heads = static_cast<std::size_t>(configuration.key_value_heads);
  CHECK(kv_bytes({{bytes, bytes + 1}, {bytes + 2, bytes}}).value() ==
        heads * static_cast<std::size_t>(4 * least + 3));
  for (const std::vector<KvLayerRows>& wrong :
       {std::vector<KvLayerRows>{{bytes, bytes}},
        std::vector<KvLayerRows>{{bytes, bytes}, {bytes - 1, bytes}}}) {
    const auto refused = kv_bytes(wrong);
    REQUIRE(!refused.has_value());
    CHECK_THAT(refused.error().message, ContainsSubstring("for each of 2 layers"));
  }

  REQUIRE(!quantized->text.empty());
  const auto measured = measure_kv_rows(package, quantized->text, {.quiet = true});
  REQUIRE(measured.has_value());
  for (const auto& [type, rows] : *measured) {
    const auto loaded = kv_bytes(rows);
    REQUIRE(loaded.has_value());
    std::int64_t budget = 4 * kv_row_bytes(type, configuration.head_size);
    if (type == KvType::k2) budget = std::max(budget, 4 * 2 * configuration.head_size / 7);
    CHECK(static_cast<std::int64_t>(*loaded / heads) == budget);
  }
}

TEST_CASE("a quantized model is the same whenever it is made") {
  const auto model = small_model(true);
  const auto first = quantize_model(*model, quiet_options(2));
  const auto second = quantize_model(*model, quiet_options(2));
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE(first->tensors.size() == second->tensors.size());
  for (const auto& [name, tensor] : first->tensors) {
    INFO(name);
    CHECK(second->tensors.at(name).bytes == tensor.bytes);
  }
  CHECK(first->quantization_json == second->quantization_json);
}

TEST_CASE("mixed formats stay within the budget through tuning") {
  const auto model = small_model(true);
  QuantizeOptions options = quiet_options(2);
  options.mixed_bits = 4.0;
  const auto quantized = quantize_model(*model, options);
  REQUIRE(quantized);
  double weights = 0.0, bytes = 0.0;
  for (const SourceTensor& tensor : model->tensors()) {
    if (tensor.shape.rank() != 2) continue;
    const auto found = quantized->tensors.find(tensor.name);
    REQUIRE(found != quantized->tensors.end());
    CHECK(is_quantized(found->second.type));
    weights += static_cast<double>(tensor.shape.element_count());
    bytes += static_cast<double>(found->second.bytes.size());
  }
  CHECK(8.0 * bytes / weights <= 4.0);
  CHECK(8.0 * bytes / weights > 2.5);
}

TEST_CASE("with a type for the embedding, mixed formats count the other matrices alone") {
  const auto model = small_model(true);
  QuantizeOptions options = quiet_options(0);
  options.mixed_bits = 3.0;
  options.embedding = DataType::kQ8;
  const auto quantized = quantize_model(*model, options);
  REQUIRE(quantized);
  CHECK(quantized->tensors.at("model.embed_tokens.weight").type == DataType::kQ8);
  double weights = 0.0, bytes = 0.0;
  for (const SourceTensor& tensor : model->tensors()) {
    if (tensor.shape.rank() != 2 || tensor.name == "model.embed_tokens.weight") continue;
    weights += static_cast<double>(tensor.shape.element_count());
    bytes += static_cast<double>(quantized->tensors.at(tensor.name).bytes.size());
  }
  CHECK(8.0 * bytes / weights <= 3.0);
  CHECK(8.0 * bytes / weights > 2.4);
}

TEST_CASE("without tuning, norms stay the source's and nothing claims to be tuned") {
  const auto model = small_model(true);
  const auto quantized = quantize_model(*model, quiet_options(0));
  REQUIRE(quantized);
  for (const auto& [name, tensor] : quantized->tensors) CHECK(is_quantized(tensor.type));
  CHECK_THAT(quantized->quantization_json, !ContainsSubstring("tuning"));
  CHECK_THAT(quantized->quantization_json, !ContainsSubstring("distillation"));
}

TEST_CASE("a calibration file that is missing, empty, too short or no text is refused by name") {
  const auto model = small_model(true);
  const TemporaryDirectory directory;
  directory.write("empty.txt", "");
  directory.write("short.txt", "A word.");
  directory.write("zeros.bin", std::string(4096, '\0'));
  directory.write("latin.txt", "caf\xe9 " + std::string(4096, 'a'));
  const auto message = [&](const std::string& name) {
    QuantizeOptions options = quiet_options(0);
    options.calibration_file = directory.path(name);
    const auto refused = quantize_model(*model, options);
    REQUIRE_FALSE(refused.has_value());
    return refused.error().message;
  };
  CHECK_THAT(message("missing.txt"), ContainsSubstring("missing.txt"));
  CHECK_THAT(message("empty.txt"), ContainsSubstring("empty.txt") && ContainsSubstring("0 tokens"));
  CHECK_THAT(message("short.txt"),
             ContainsSubstring("short.txt") && ContainsSubstring("at least 16"));
  CHECK_THAT(message("zeros.bin"), ContainsSubstring("zeros.bin") && ContainsSubstring("UTF-8"));
  CHECK_THAT(message("latin.txt"), ContainsSubstring("latin.txt") && ContainsSubstring("UTF-8"));
}
