#include "package/gguf_pre_tokenizer.h"

#include <string>

namespace tessera {
namespace {

constexpr std::string_view kGpt2 =
    R"json({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true})json";

// Every digit is a word of its own.
constexpr std::string_view kSingleDigits = R"json({"type":"Sequence","pretokenizers":[
{"type":"Digits","individual_digits":true},
{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]})json";

constexpr std::string_view kLlama3 = R"json({"type":"Sequence","pretokenizers":[
{"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":
"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}},
{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]})json";

constexpr std::string_view kQwen2 = R"json({"type":"Sequence","pretokenizers":[
{"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":
"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}},
{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]})json";

// What llama.cpp does with files that name no pre-tokenizer: runs of punctuation, GPT-2's words,
// and digits in threes, one after another.
constexpr std::string_view kDefault = R"json({"type":"Sequence","pretokenizers":[
{"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":"[\\p{P}\\$\\+<=>\\^~\\|]+"}},
{"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":
"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"}},
{"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":"\\p{N}+"}},
{"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":"[0-9][0-9][0-9]"}},
{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]})json";

constexpr std::string_view kNone = "null";
constexpr std::string_view kCompose = R"json({"type":"NFC"})json";

constexpr GgufPreTokenizer kPreTokenizers[] = {
    {"default", kDefault, kNone, false, false},
    {"gpt-2", kGpt2, kNone, false, false},
    {"smollm", kSingleDigits, kNone, false, false},
    {"starcoder", kSingleDigits, kNone, false, false},
    {"llama-bpe", kLlama3, kNone, true, true},
    {"llama3", kLlama3, kNone, true, true},
    {"llama-v3", kLlama3, kNone, true, true},
    {"qwen2", kQwen2, kCompose, false, false},
    {"deepseek-r1-qwen", kQwen2, kCompose, false, false},
};

}  // namespace

Result<const GgufPreTokenizer*> gguf_pre_tokenizer(std::string_view name) {
  std::string known;
  for (const GgufPreTokenizer& row : kPreTokenizers) {
    if (row.name == name) return &row;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  return Error{ErrorCode::kUnsupported,
               "pre-tokenizer \"" + std::string(name) +
                   "\" (tokenizer.ggml.pre) is not supported yet; known: " + known};
}

}  // namespace tessera
