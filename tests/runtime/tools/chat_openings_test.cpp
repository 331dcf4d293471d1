// How the chats begin that a chat model is asked to write.
#include "calibration/chat_openings.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "package/random_access_file.h"
#include "tokenizer/tokenizer.h"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using namespace tessera;
using namespace tessera::calibration;

namespace {

constexpr std::int64_t kVocabularySize = 49152;
constexpr const char* kSystem = "<|im_start|>system\nYou are kind.<|im_end|>\n";

ModelDescription description_with(const std::string& chat_template) {
  ModelDescription description;
  description.tokenizer_json =
      read_text_file(TESSERA_SOURCE_DIR "/tests/golden/tokenizer/smollm/tokenizer.json", 1 << 24)
          .value();
  description.chat_template = chat_template;
  return description;
}

std::vector<std::string> texts_of(const ModelDescription& description) {
  const auto tokenizer = Tokenizer::from_json(*description.tokenizer_json).value();
  std::vector<std::string> texts;
  for (const Tokens& ids : chat_openings(description, kVocabularySize)) {
    texts.push_back(tokenizer->decode(ids));
  }
  return texts;
}

}  // namespace

TEST_CASE("a chat opens with the template's system message and a question, which may be left out") {
  const auto texts = texts_of(
      description_with(std::string("{% if first %}{{ '") + kSystem + "' }}{% endif %}..."));
  REQUIRE(texts.size() > 3);
  CHECK_THAT(texts[0], StartsWith(std::string(kSystem) + "<|im_start|>user\n"));
  CHECK_THAT(texts[0], EndsWith("<|im_end|>\n<|im_start|>assistant\n"));
  CHECK(texts[2] == std::string(kSystem) + "<|im_start|>user\n");
  CHECK(texts[5] == "<|im_start|>");
}

TEST_CASE("a system message that the template puts together is left out") {
  const auto texts = texts_of(
      description_with("{{ '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}"));
  REQUIRE(texts.size() > 3);
  CHECK(texts[2] == "<|im_start|>user\n");
}

TEST_CASE("models whose chats look otherwise have no openings") {
  CHECK(texts_of(description_with("{{ '<|user|>' }}")).empty());
  CHECK(chat_openings(description_with(kSystem), 2).empty());
  ModelDescription description = description_with(kSystem);
  description.tokenizer_json.reset();
  CHECK(chat_openings(description, kVocabularySize).empty());
}
