// SmolLM2 from its own GGUF file, repacked without loss, against what Hugging Face transformers
// made of the same weights: token ids and greedy text. The file is too large for the repository:
// TESSERA_SMOLLM2_GGUF names it, and without it the tests are skipped.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <string>

#include "package/random_access_file.h"
#include "parity/greedy_check.h"

namespace tessera {
namespace {

const std::string kReference =
    std::string(TESSERA_SOURCE_DIR) + "/tests/models/smollm2/reference.json";

std::string gguf_path() {
  const char* path = std::getenv("TESSERA_SMOLLM2_GGUF");
  if (path == nullptr || *path == '\0') SKIP("TESSERA_SMOLLM2_GGUF names no file");
  return path;
}

void check_tokens(TextModel& model, const JsonObject& golden) {
  const std::string_view text = require(golden.string("text"));
  INFO(text);
  CHECK(require(model.tokenizer()->encode(text, EncodeOptions{})) == read_ids(golden, "ids"));
}

// Gives how many tokens matched.
std::size_t check_chat(TextModel& model, const JsonObject& chat, double gap_max) {
  const std::string_view rendered = require(chat.string("rendered"));
  INFO(rendered);
  const Ids prompt = read_ids(chat, "prompt_ids");
  CHECK(require(model.tokenizer()->encode(rendered, EncodeOptions{})) == prompt);
  return check_greedy(model, prompt, read_ids(chat, "greedy_ids"), gap_max);
}

void check_model(const std::string& activations, double gap_max) {
  const auto model = convert_and_load(gguf_path(), std::nullopt, activations);
  const std::string text = require(read_text_file(kReference, 1 << 20));
  const JsonDocument document = require(JsonDocument::parse(text));
  const JsonObject root = require(document.root().object());
  for (const JsonValue& value : require(root.array("tokenizer_golden"))) {
    check_tokens(*model, require(value.object()));
  }
  std::size_t matched = 0;
  for (const JsonValue& value : require(root.array("chat"))) {
    matched += check_chat(*model, require(value.object()), gap_max);
  }
  CHECK(matched > 0);
}

TEST_CASE("SmolLM2 from its Q4_1 weights gives the reference's tokens and greedy text") {
  check_model("f32", 0.05);
}

TEST_CASE("SmolLM2 with 8-bit activations gives the reference's greedy text until a near-tie") {
  check_model("int8", 0.5);
}

}  // namespace
}  // namespace tessera
