#include "tools/synthetic_tokenizer.h"

#include <utility>
#include <vector>

#include "base/json_writer.h"

namespace tessera {
namespace {

constexpr std::string_view kEnd = "<|endoftext|>";
constexpr std::int64_t kVocabularySizeMin = 257;
constexpr std::int64_t kVocabularySizeMax = 475'000;  // all strings of two to four letters

// The character that stands for a byte in byte-level vocabularies: printable ones for themselves,
// the others, in order, for the characters from U+0100 on (Radford et al., GPT-2, 2019).
std::string byte_character(int byte) {
  const auto is_printable = [](int b) {
    return (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff);
  };
  int code_point = byte;
  if (!is_printable(byte)) {
    code_point = 0x100;
    for (int b = 0; b < byte; ++b) code_point += !is_printable(b);
  }
  if (code_point < 0x80) return std::string(1, static_cast<char>(code_point));
  return {static_cast<char>(0xc0 | (code_point >> 6)),
          static_cast<char>(0x80 | (code_point & 0x3f))};
}

// Strings of letters, shorter ones first; each is an earlier one and a letter.
std::vector<std::string> letter_strings(std::int64_t count) {
  std::vector<std::string> strings;
  for (char letter = 'a'; letter <= 'z'; ++letter) strings.emplace_back(1, letter);
  const std::size_t wanted = strings.size() + static_cast<std::size_t>(count);
  for (std::size_t stem = 0; strings.size() < wanted; ++stem) {
    for (char letter = 'a'; letter <= 'z' && strings.size() < wanted; ++letter) {
      strings.push_back(strings[stem] + letter);
    }
  }
  strings.erase(strings.begin(), strings.begin() + 26);
  return strings;
}

std::string tokenizer_json(std::int64_t vocabulary_size) {
  const auto words = letter_strings(vocabulary_size - kVocabularySizeMin);
  JsonWriter json;
  json.begin_object().key("version").string("1.0").key("truncation").null().key("padding").null();
  json.key("added_tokens").begin_array().begin_object().key("id").integer(0);
  json.key("content").string(kEnd).key("single_word").boolean(false).key("lstrip").boolean(false);
  json.key("rstrip").boolean(false).key("normalized").boolean(false).key("special").boolean(true);
  json.end_object().end_array();
  constexpr std::string_view kByteLevel =
      R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true})";
  json.key("normalizer").null().key("pre_tokenizer").raw(kByteLevel);
  json.key("post_processor").null().key("decoder").raw(kByteLevel);
  json.key("model").begin_object().key("type").string("BPE").key("dropout").null();
  json.key("unk_token").null().key("continuing_subword_prefix").null();
  json.key("end_of_word_suffix").null().key("fuse_unk").boolean(false);
  json.key("byte_fallback").boolean(false).key("ignore_merges").boolean(false);
  json.key("vocab").begin_object().key(kEnd).integer(0);
  std::int64_t id = 1;
  for (int byte = 0; byte < 256; ++byte) json.key(byte_character(byte)).integer(id++);
  for (const std::string& word : words) json.key(word).integer(id++);
  json.end_object().key("merges").begin_array();
  for (const std::string& word : words) {
    const std::string_view view = word;
    json.begin_array().string(view.substr(0, view.size() - 1));
    json.string(view.substr(view.size() - 1)).end_array();
  }
  json.end_array().end_object().end_object();
  return std::move(json).take();
}

}  // namespace

Result<SyntheticTokenizer> make_synthetic_tokenizer(std::int64_t vocabulary_size) {
  if (vocabulary_size < kVocabularySizeMin || vocabulary_size > kVocabularySizeMax) {
    return Error{ErrorCode::kInvalidArgument, "a vocabulary of " + std::to_string(vocabulary_size) +
                                                  " tokens; " + std::to_string(kVocabularySizeMin) +
                                                  " to " + std::to_string(kVocabularySizeMax) +
                                                  " can be made up"};
  }
  SyntheticTokenizer tokenizer;
  tokenizer.tokenizer_json = tokenizer_json(vocabulary_size);
  tokenizer.generation_json = R"({"end_token_ids":[0]})";
  tokenizer.special_tokens_json =
      R"({"bos_token":null,"eos_token":"<|endoftext|>","unk_token":null,"pad_token":null})";
  tokenizer.chat_template =
      "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}"
      "{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";
  return tokenizer;
}

}  // namespace tessera
