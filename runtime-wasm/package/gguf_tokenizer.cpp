#include "package/gguf_tokenizer.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/json_writer.h"
#include "package/gguf_pre_tokenizer.h"
#include "package/gguf_vocabulary.h"
#include "package/sentencepiece_merges.h"

namespace tessera {
namespace {

// Two tokens that the text begins and ends with, where the file asks for that.
struct Frame {
  std::optional<std::string> first;
  std::optional<std::string> last;
};

Result<Frame> read_frame(const Gguf& gguf, const GgufVocabulary& vocabulary,
                         bool adds_beginning_by_default) {
  TESSERA_TRY(const auto adds_first, gguf.optional_boolean("tokenizer.ggml.add_bos_token"));
  TESSERA_TRY(const auto adds_last, gguf.optional_boolean("tokenizer.ggml.add_eos_token"));
  Frame frame;
  if (adds_first.value_or(adds_beginning_by_default)) {
    TESSERA_TRY(frame.first, vocabulary.token_under(gguf, "tokenizer.ggml.bos_token_id"));
  }
  if (adds_last.value_or(false)) {
    TESSERA_TRY(frame.last, vocabulary.token_under(gguf, "tokenizer.ggml.eos_token_id"));
  }
  return frame;
}

void write_frame_sequence(JsonWriter& json, const Frame& frame, bool is_pair) {
  const auto special = [&](const std::optional<std::string>& token, int type) {
    if (!token) return;
    json.begin_object().key("SpecialToken").begin_object().key("id").string(*token);
    json.key("type_id").integer(type).end_object().end_object();
  };
  json.begin_array();
  for (int type = 0; type <= (is_pair ? 1 : 0); ++type) {
    special(frame.first, type);
    json.begin_object().key("Sequence").begin_object().key("id").string(type == 0 ? "A" : "B");
    json.key("type_id").integer(type).end_object().end_object();
    special(frame.last, type);
  }
  json.end_array();
}

void write_special_token(JsonWriter& json, const GgufVocabulary& vocabulary,
                         const std::string& token) {
  const auto found = std::find(vocabulary.tokens->begin(), vocabulary.tokens->end(), token);
  json.key(token).begin_object().key("id").string(token);
  json.key("ids").begin_array().integer(found - vocabulary.tokens->begin()).end_array();
  json.key("tokens").begin_array().string(token).end_array().end_object();
}

void write_post_processor(JsonWriter& json, const GgufVocabulary& vocabulary, const Frame& frame) {
  if (!frame.first && !frame.last) {
    json.null();
    return;
  }
  json.begin_object().key("type").string("TemplateProcessing").key("single");
  write_frame_sequence(json, frame, false);
  json.key("pair");
  write_frame_sequence(json, frame, true);
  json.key("special_tokens").begin_object();
  if (frame.first) write_special_token(json, vocabulary, *frame.first);
  if (frame.last && frame.last != frame.first) write_special_token(json, vocabulary, *frame.last);
  json.end_object().end_object();
}

bool is_special(GgufTokenKind kind) {
  return kind == GgufTokenKind::kControl || kind == GgufTokenKind::kUnknown;
}

void write_added_tokens(JsonWriter& json, const GgufVocabulary& vocabulary) {
  json.begin_array();
  for (std::size_t id = 0; id < vocabulary.tokens->size(); ++id) {
    const GgufTokenKind kind = vocabulary.kind(id);
    if (!is_special(kind) && kind != GgufTokenKind::kUserDefined) continue;
    json.begin_object().key("id").integer(static_cast<std::int64_t>(id));
    json.key("content").string((*vocabulary.tokens)[id]);
    json.key("single_word").boolean(false).key("lstrip").boolean(false);
    json.key("rstrip").boolean(false).key("normalized").boolean(false);
    json.key("special").boolean(is_special(kind)).end_object();
  }
  json.end_array();
}

// Tokens that nothing can produce only pad the embedding; where a text occurs twice, the first
// counts.
void write_vocabulary(JsonWriter& json, const GgufVocabulary& vocabulary) {
  std::unordered_set<std::string_view> seen;
  json.key("vocab").begin_object();
  for (std::size_t id = 0; id < vocabulary.tokens->size(); ++id) {
    const std::string& token = (*vocabulary.tokens)[id];
    if (vocabulary.kind(id) == GgufTokenKind::kUnused || !seen.insert(token).second) continue;
    json.key(token).integer(static_cast<std::int64_t>(id));
  }
  json.end_object();
}

// "left right" as the two.
Result<void> write_merges(JsonWriter& json, const std::vector<std::string>& merges) {
  json.key("merges").begin_array();
  for (const std::string& merge : merges) {
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string::npos || space + 1 == merge.size()) {
      return Error{ErrorCode::kInvalidFile,
                   "tokenizer.ggml.merges: \"" + merge + "\" is no pair of tokens"};
    }
    json.begin_array().string(std::string_view(merge).substr(0, space));
    json.string(std::string_view(merge).substr(space + 1)).end_array();
  }
  json.end_array();
  return {};
}

void begin_document(JsonWriter& json, const GgufVocabulary& vocabulary) {
  json.begin_object().key("version").string("1.0");
  json.key("truncation").null().key("padding").null().key("added_tokens");
  write_added_tokens(json, vocabulary);
}

Result<std::string> byte_level_tokenizer(const Gguf& gguf, const GgufVocabulary& vocabulary) {
  TESSERA_TRY(const auto pre, gguf.optional_string("tokenizer.ggml.pre"));
  TESSERA_TRY(const GgufPreTokenizer* row, gguf_pre_tokenizer(pre.value_or("default")));
  TESSERA_TRY(const Frame frame, read_frame(gguf, vocabulary, row->adds_beginning));
  TESSERA_TRY(const auto* merges, gguf.strings("tokenizer.ggml.merges"));
  if (merges == nullptr) {
    return Error{ErrorCode::kInvalidFile, "metadata key tokenizer.ggml.merges is missing"};
  }
  JsonWriter json;
  begin_document(json, vocabulary);
  json.key("normalizer").raw(row->normalizer_json);
  json.key("pre_tokenizer").raw(row->pre_tokenizer_json);
  json.key("post_processor");
  write_post_processor(json, vocabulary, frame);
  json.key("decoder").raw(
      R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})");
  json.key("model").begin_object().key("type").string("BPE").key("dropout").null();
  json.key("unk_token").null().key("continuing_subword_prefix").null();
  json.key("end_of_word_suffix").null().key("fuse_unk").boolean(false);
  json.key("byte_fallback").boolean(false).key("ignore_merges").boolean(row->ignore_merges);
  write_vocabulary(json, vocabulary);
  TESSERA_TRY_VOID(write_merges(json, *merges));
  json.end_object().end_object();
  return std::move(json).take();
}

void write_sentencepiece_steps(JsonWriter& json, bool adds_space) {
  constexpr std::string_view kReplace =
      R"({"type":"Replace","pattern":{"String":" "},"content":"▁"})";
  json.key("normalizer").begin_object().key("type").string("Sequence").key("normalizers");
  json.begin_array();
  if (adds_space) json.raw(R"({"type":"Prepend","prepend":"▁"})");
  json.raw(kReplace).end_array().end_object();
  json.key("pre_tokenizer").null();
  json.key("decoder").begin_object().key("type").string("Sequence").key("decoders").begin_array();
  json.raw(R"({"type":"Replace","pattern":{"String":"▁"},"content":" "})");
  json.raw(R"({"type":"ByteFallback"})").raw(R"({"type":"Fuse"})");
  if (adds_space) json.raw(R"({"type":"Strip","content":" ","start":1,"stop":0})");
  json.end_array().end_object();
}

Result<std::string> sentencepiece_tokenizer(const Gguf& gguf, const GgufVocabulary& vocabulary) {
  if (vocabulary.scores == nullptr) {
    return Error{ErrorCode::kInvalidFile, "metadata key tokenizer.ggml.scores is missing"};
  }
  TESSERA_TRY(const Frame frame, read_frame(gguf, vocabulary, true));
  TESSERA_TRY(const auto adds_space, gguf.optional_boolean("tokenizer.ggml.add_space_prefix"));
  TESSERA_TRY(const auto unknown, vocabulary.token_under(gguf, "tokenizer.ggml.unknown_token_id"));
  JsonWriter json;
  begin_document(json, vocabulary);
  write_sentencepiece_steps(json, adds_space.value_or(true));
  json.key("post_processor");
  write_post_processor(json, vocabulary, frame);
  json.key("model").begin_object().key("type").string("BPE").key("dropout").null();
  json.key("unk_token");
  unknown ? json.string(*unknown) : json.null();
  json.key("continuing_subword_prefix").null().key("end_of_word_suffix").null();
  json.key("fuse_unk").boolean(true).key("byte_fallback").boolean(true);
  json.key("ignore_merges").boolean(false);
  write_vocabulary(json, vocabulary);
  json.key("merges").begin_array();
  for (const auto& [left, right] : sentencepiece_merges(vocabulary)) {
    json.begin_array().string(left).string(right).end_array();
  }
  json.end_array().end_object().end_object();
  return std::move(json).take();
}

constexpr std::array<std::string_view, 9> kTurnEnds = {
    "<|eot_id|>",      "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>",
    "<|end_of_text|>", "<|eom_id|>", "<|EOT|>", "</s>"};

}  // namespace

Result<std::optional<std::string>> gguf_tokenizer_json(const Gguf& gguf) {
  TESSERA_TRY(const auto kind, gguf.optional_string("tokenizer.ggml.model"));
  if (!kind || *kind == "none" || *kind == "no_vocab") return std::optional<std::string>();
  if (*kind != "gpt2" && *kind != "llama") {
    return Error{ErrorCode::kUnsupported, "tokenizer \"" + *kind +
                                              "\" (tokenizer.ggml.model) is not supported yet; "
                                              "known: gpt2, llama"};
  }
  TESSERA_TRY(const GgufVocabulary vocabulary, gguf_vocabulary(gguf));
  TESSERA_TRY(std::string json, *kind == "gpt2" ? byte_level_tokenizer(gguf, vocabulary)
                                                : sentencepiece_tokenizer(gguf, vocabulary));
  return std::optional<std::string>(std::move(json));
}

Result<std::string> gguf_special_tokens_json(const Gguf& gguf) {
  if (!gguf.has("tokenizer.ggml.tokens")) return std::string("{}");
  TESSERA_TRY(const GgufVocabulary vocabulary, gguf_vocabulary(gguf));
  constexpr std::array<std::array<std::string_view, 2>, 4> kRows = {
      {{"bos_token", "tokenizer.ggml.bos_token_id"},
       {"eos_token", "tokenizer.ggml.eos_token_id"},
       {"unk_token", "tokenizer.ggml.unknown_token_id"},
       {"pad_token", "tokenizer.ggml.padding_token_id"}}};
  JsonWriter json;
  json.begin_object();
  for (const auto& [name, key] : kRows) {
    TESSERA_TRY(const auto token, vocabulary.token_under(gguf, key));
    json.key(name);
    token ? json.string(*token) : json.null();
  }
  json.end_object();
  return std::move(json).take();
}

Result<std::string> gguf_generation_json(const Gguf& gguf) {
  std::vector<std::int64_t> ids;
  const auto add = [&](std::int64_t id) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  };
  constexpr std::int64_t kIdMax = 0x7fffffff;
  for (const std::string_view key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                                     "tokenizer.ggml.eom_token_id"}) {
    TESSERA_TRY(const auto id, gguf.optional_integer(key, -1, 0xffffffff));
    if (id && *id >= 0 && *id <= kIdMax) add(*id);
  }
  if (gguf.has("tokenizer.ggml.tokens")) {
    TESSERA_TRY(const GgufVocabulary vocabulary, gguf_vocabulary(gguf));
    for (std::size_t id = 0; id < vocabulary.tokens->size(); ++id) {
      const bool is_end = std::find(kTurnEnds.begin(), kTurnEnds.end(), (*vocabulary.tokens)[id]) !=
                          kTurnEnds.end();
      if (is_end && is_special(vocabulary.kind(id))) add(static_cast<std::int64_t>(id));
    }
  }
  JsonWriter json;
  json.begin_object().key("end_token_ids").begin_array();
  for (const std::int64_t id : ids) json.integer(id);
  json.end_array().end_object();
  return std::move(json).take();
}

}  // namespace tessera
