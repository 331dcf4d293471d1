// Byte pair encoding against the definition: join the leftmost pair of lowest rank, again and
// again.
#include "tokenizer/bpe.h"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <random>

#include "support/tokenizer_files.h"
#include "tokenizer/unicode.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Symbols = std::vector<std::string>;

// The merges of a golden style, by their texts.
class Reference {
 public:
  explicit Reference(const std::string& style) {
    const std::string json = source_file("tests/golden/tokenizer/" + style + "/tokenizer.json");
    const JsonDocument document = JsonDocument::parse(json).value();
    const JsonObject model = document.root().object().value().object("model").value();
    for (const JsonValue& pair : model.array("merges").value()) {
      const auto halves = pair.array().value();
      ranks_.emplace(std::pair(std::string(halves[0].string().value()),
                               std::string(halves[1].string().value())),
                     ranks_.size());
    }
  }

  Symbols merged(Symbols symbols) const {
    while (true) {
      std::size_t best_rank = ranks_.size();
      std::size_t best = 0;
      for (std::size_t index = 0; index + 1 < symbols.size(); ++index) {
        const auto found = ranks_.find(std::pair(symbols[index], symbols[index + 1]));
        if (found != ranks_.end() && found->second < best_rank) {
          best_rank = found->second;
          best = index;
        }
      }
      if (best_rank == ranks_.size()) return symbols;
      symbols[best] += symbols[best + 1];
      symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
  }

 private:
  std::map<std::pair<std::string, std::string>, std::size_t> ranks_;
};

Symbols characters(std::string_view text) {
  Symbols symbols;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t size = code_point_at(text, position).size_bytes;
    symbols.emplace_back(text.substr(position, size));
    position += size;
  }
  return symbols;
}

Symbols tokens(const Tokenizer& tokenizer, std::string_view text) {
  Symbols texts;
  for (const std::int32_t id : tokenizer.encode(text).value()) {
    texts.emplace_back(tokenizer.token_text(id).value());
  }
  return texts;
}

}  // namespace

TEST_CASE("random words are merged as by definition") {
  // Llama 2's style has no pre-tokenizer: the text is one word, with a mark before it.
  const Reference reference("llama2");
  const auto tokenizer = golden_tokenizer("llama2");
  std::mt19937 random(4);
  for (int round = 0; round < 500; ++round) {
    std::string word;
    for (std::size_t size = random() % 30; size > 0; --size) word += "aehinorst"[random() % 9];
    INFO(word);
    CHECK(tokens(*tokenizer, word) == reference.merged(characters(word.empty() ? "" : "▁" + word)));
  }
}

TEST_CASE("a word of many thousand characters is merged as by definition") {
  const Reference reference("llama2");
  const auto tokenizer = golden_tokenizer("llama2");
  std::string marked = "▁";
  std::string text;
  std::mt19937 random(5);
  for (int count = 0; count < 6000; ++count) {
    const char letter = "ehinot "[random() % 7];
    text += letter;
    marked += letter == ' ' ? std::string("▁") : std::string(1, letter);
  }
  CHECK(tokens(*tokenizer, text) == reference.merged(characters(marked)));
}

TEST_CASE("one letter repeated a million times is merged quickly and completely") {
  const auto tokenizer = tokenizer_from(
      R"({"model":{"type":"BPE","vocab":{"a":0,"aa":1,"aaaa":2},"merges":["a a","aa aa"]}})");
  const auto ids = tokenizer->encode(std::string(1'000'003, 'a')).value();
  CHECK(ids.size() == 250'002);
  CHECK(std::vector<std::int32_t>(ids.end() - 3, ids.end()) == std::vector<std::int32_t>{2, 1, 0});
}
