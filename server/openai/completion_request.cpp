#include "server/openai/completion_request.h"

#include "base/json.h"
#include "protocol/field_reader.h"
#include "server/openai/prompt_fields.h"

namespace tessera {

using protocol::ErrorName;
using protocol::IntegerRule;
using protocol::NumberRule;
using protocol::Problem;

namespace {

// A member that must be absent, null, or one of the values that mean "off".
struct UnsupportedField {
  const char* name;
  std::string_view off;        // JSON text, besides null
  std::string_view off_other;  // another one
};

constexpr UnsupportedField kUnsupportedFields[] = {
    {"tools", "[]", ""},
    {"functions", "[]", ""},
    {"function_call", "\"none\"", ""},
    {"tool_choice", "\"none\"", "\"auto\""},
    {"audio", "{}", ""},
    {"modalities", "[\"text\"]", "[]"},
    {"response_format", "{\"type\":\"text\"}", "{}"},
    {"logit_bias", "{}", ""},
    {"frequency_penalty", "0", "0.0"},
    {"presence_penalty", "0", "0.0"},
    {"web_search_options", "{}", ""},
    {"prediction", "{}", ""},
    {"n", "1", "1.0"},
    {"best_of", "1", "1.0"},
    {"echo", "false", ""},
    {"suffix", "\"\"", ""},
};

std::optional<Problem> unsupported_problem(const JsonObject& object) {
  for (const UnsupportedField& field : kUnsupportedFields) {
    const auto value = object.find(field.name);
    if (!value || value->is_null()) continue;
    const std::string text = value->text();
    if (text == field.off || text == field.off_other) continue;
    return Problem{ErrorName::kUnsupported,
                   std::string(field.name) + " is not supported here; leave it out", field.name};
  }
  return std::nullopt;
}

// Any 64-bit seed is taken; the protocol has 53 bits.
void read_seed(protocol::FieldReader& reader, protocol::ResponseCreate& create) {
  constexpr auto kMax = static_cast<std::int64_t>(protocol::kIntegerMax);
  std::optional<std::int64_t> seed;
  reader("seed", seed, IntegerRule{-kMax, kMax});
  if (seed) create.seed = static_cast<std::uint64_t>(*seed) & protocol::kIntegerMax;
}

void read_sampling(protocol::FieldReader& reader, protocol::ResponseCreate& create) {
  const IntegerRule tokens{1, static_cast<std::int64_t>(protocol::kOutputTokensMax)};
  reader("temperature", create.temperature, NumberRule{0, 2});
  reader("top_p", create.top_p, NumberRule{0, 1});
  reader("top_k", create.top_k, IntegerRule{0, 0xffffffff});
  reader("min_p", create.min_p, NumberRule{0, 1});
  reader("repetition_penalty", create.repetition_penalty, NumberRule{0.01, 10});
  reader("ignore_end", create.ignore_end, protocol::AnyRule{});
  reader("max_tokens", create.max_tokens, tokens);
  reader("max_completion_tokens", create.max_tokens, tokens);
  read_seed(reader, create);
}

void read_logprobs(protocol::FieldReader& reader, CompletionRequest& request) {
  const IntegerRule alternatives{0, static_cast<std::int64_t>(protocol::kTopLogprobsMax)};
  if (request.kind == CompletionKind::kText) {
    return reader("logprobs", request.create.logprobs, alternatives);
  }
  std::optional<bool> wants_logprobs;
  std::optional<std::uint32_t> count;
  reader("logprobs", wants_logprobs, protocol::AnyRule{});
  reader("top_logprobs", count, alternatives);
  if (wants_logprobs.value_or(false)) request.create.logprobs = count.value_or(0);
}

std::optional<Problem> read_stream(const JsonObject& object, protocol::FieldReader& reader,
                                   CompletionRequest& request) {
  std::optional<bool> is_stream;
  reader("stream", is_stream, protocol::AnyRule{});
  request.is_stream = is_stream.value_or(false);
  const auto value = object.find("stream_options");
  if (!value || value->is_null()) return std::nullopt;
  const auto options = value->object();
  if (!options) {
    return Problem{ErrorName::kInvalidArgument, "stream_options is not an object",
                   "stream_options"};
  }
  std::optional<bool> includes_usage;
  protocol::FieldReader options_reader(*options);
  options_reader("include_usage", includes_usage, protocol::AnyRule{});
  request.includes_usage = includes_usage.value_or(false);
  return options_reader.problem();
}

}  // namespace

std::variant<CompletionRequest, Problem> read_completion_request(CompletionKind kind,
                                                                 std::string_view body) {
  const auto document = JsonDocument::parse(body);
  if (!document) {
    return Problem{
        ErrorName::kInvalidArgument, "the body is not JSON: " + document.error().message, {}};
  }
  const auto object = document->root().object();
  if (!object) return Problem{ErrorName::kInvalidArgument, "the body is not a JSON object", {}};
  if (auto problem = unsupported_problem(*object)) return *problem;

  CompletionRequest request;
  request.kind = kind;
  protocol::FieldReader reader(*object);
  reader("model", request.create.model, protocol::StringRule{0, protocol::kNameBytesMax});
  read_sampling(reader, request.create);
  read_logprobs(reader, request);
  auto problem = read_stream(*object, reader, request);
  if (reader.problem()) return *reader.problem();
  if (!problem) problem = read_stop(*object, request.create);
  if (!problem && kind == CompletionKind::kChat) problem = read_messages(*object, request.create);
  if (!problem && kind == CompletionKind::kText) problem = read_prompt(*object, request.create);
  if (problem) return *problem;
  constexpr std::uint32_t kTextTokensDefault = 16;  // as in OpenAI's reference
  if (kind == CompletionKind::kText && !request.create.max_tokens) {
    request.create.max_tokens = kTextTokensDefault;
  }
  return request;
}

}  // namespace tessera
