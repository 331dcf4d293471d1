// The trained model in the repository against values that Hugging Face transformers computed from
// the same weights: token ids, logits, greedy text.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>

#include "package/random_access_file.h"
#include "package/safetensors.h"
#include "parity/greedy_check.h"
#include "tools/reference_file.h"

namespace tessera {
namespace {

const std::string kFolder = std::string(TESSERA_SOURCE_DIR) + "/tests/models/story15m";

void check_prompt(TextModel& model, const JsonObject& reference, double gap_max,
                  std::size_t& matched) {
  const std::string_view prompt = require(reference.string("prompt"));
  INFO(prompt);
  const Ids ids = read_ids(reference, "ids");  // begins with the prompt's
  const Ids prompt_ids = require(model.tokenizer()->encode(prompt, EncodeOptions{}));
  const auto continuation = ids.begin() + static_cast<std::ptrdiff_t>(prompt_ids.size());
  REQUIRE(Ids(ids.begin(), continuation) == prompt_ids);
  matched += check_greedy(model, prompt_ids, Ids(continuation, ids.end()), gap_max);
}

void check_all_greedy(TextModel& model, double gap_max) {
  const std::string text = require(read_text_file(kFolder + "/reference.json", 1 << 20));
  const JsonDocument document = require(JsonDocument::parse(text));
  const JsonObject root = require(document.root().object());
  std::size_t matched = 0;
  for (const JsonValue& value : require(root.array("greedy"))) {
    check_prompt(model, require(value.object()), gap_max, matched);
  }
  CHECK(matched > 0);
}

TEST_CASE("story15m at f16 gives the reference's logits") {
  const auto model = convert_and_load(kFolder, std::nullopt, "f32");
  const auto file = require(RandomAccessFile::open(kFolder + "/logits.safetensors"));
  const auto header = require(read_safetensors_header(file));
  const SafetensorsTensor* ids_tensor = header.find("input_ids");
  const SafetensorsTensor* logits_tensor = header.find("logits");
  REQUIRE(ids_tensor != nullptr);
  REQUIRE(logits_tensor != nullptr);
  Ids ids(ids_tensor->size_bytes / sizeof(std::int32_t));
  std::vector<float> expected(logits_tensor->size_bytes / sizeof(float));
  REQUIRE(file.read(ids_tensor->offset, std::as_writable_bytes(std::span(ids))).has_value());
  REQUIRE(
      file.read(logits_tensor->offset, std::as_writable_bytes(std::span(expected))).has_value());

  // The reference keeps every 32nd position: 31, 63, …
  const std::vector<float> all = require(Generator(*model).forward_all(ids));
  const auto vocabulary =
      static_cast<std::size_t>(model->decoder().configuration().vocabulary_size);
  std::vector<float> ours;
  for (std::size_t position = 31; position < ids.size(); position += 32) {
    const auto row = std::span(all).subspan(position * vocabulary, vocabulary);
    ours.insert(ours.end(), row.begin(), row.end());
  }
  CHECK(relative_error(ours, expected) < 1e-4);
}

TEST_CASE("story15m at f16 continues prompts as the reference does") {
  const auto model = convert_and_load(kFolder, std::nullopt, "f32");
  check_all_greedy(*model, 0.05);
}

TEST_CASE("story15m with 8-bit weights and activations starts prompts as the reference does") {
  const auto model = convert_and_load(kFolder, DataType::kQ8, "int8");
  check_all_greedy(*model, 0.5);
}

}  // namespace
}  // namespace tessera
