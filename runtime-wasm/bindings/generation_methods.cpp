// Answering a prompt, one step a call.
#include <limits>
#include <utility>

#include "bindings/methods.h"

namespace tessera {
namespace {

// Text of the prompt becomes ids; special tokens in it are recognized, none is added: chat
// templates write their own.
Result<std::vector<std::int32_t>> read_prompt(const LoadedModel& loaded,
                                              const JsonObject& parameters) {
  TESSERA_TRY(const auto ids, parameters.optional_array("prompt_ids"));
  if (ids) return read_ids(*ids);
  TESSERA_TRY(const std::string_view text, parameters.string("prompt"));
  const Tokenizer* tokenizer = loaded.model->tokenizer();
  if (tokenizer == nullptr) {
    return Error{ErrorCode::kUnsupported, "the package has no tokenizer; give prompt_ids"};
  }
  return tokenizer->encode(text, EncodeOptions{});
}

Result<void> read_float(const JsonObject& parameters, std::string_view key, float& out) {
  TESSERA_TRY(const auto value, parameters.optional_number(key));
  if (value) out = static_cast<float>(*value);
  return {};
}

Result<SamplingParameters> read_sampling(const JsonObject& parameters) {
  SamplingParameters sampling;
  TESSERA_TRY_VOID(read_float(parameters, "temperature", sampling.temperature));
  TESSERA_TRY_VOID(read_float(parameters, "top_p", sampling.top_p));
  TESSERA_TRY_VOID(read_float(parameters, "min_p", sampling.min_p));
  TESSERA_TRY_VOID(read_float(parameters, "repetition_penalty", sampling.repetition_penalty));
  TESSERA_TRY(const auto top_k,
              parameters.optional_integer("top_k", 0, std::numeric_limits<std::int32_t>::max()));
  TESSERA_TRY(const auto seed, parameters.optional_integer("seed"));
  TESSERA_TRY(const auto logprobs, parameters.optional_integer("logprobs", -1, 20));
  if (top_k) sampling.top_k = static_cast<std::int32_t>(*top_k);
  if (seed) sampling.seed = static_cast<std::uint64_t>(*seed);
  if (logprobs) sampling.logprobs = static_cast<std::int32_t>(*logprobs);
  return sampling;
}

Result<std::vector<std::string>> read_stop(const JsonObject& parameters) {
  constexpr std::size_t kStopStringsMax = 16;
  std::vector<std::string> stop;
  TESSERA_TRY(const auto values, parameters.optional_array("stop"));
  if (!values) return stop;
  if (values->size() > kStopStringsMax) {
    return Error{ErrorCode::kInvalidArgument, "at most 16 stop strings are allowed"};
  }
  for (const JsonValue& value : *values) {
    TESSERA_TRY(const std::string_view text, value.string());
    if (!text.empty()) stop.emplace_back(text);
  }
  return stop;
}

Result<GenerationRequest> read_request(const LoadedModel& loaded, const JsonObject& parameters) {
  GenerationRequest request;
  TESSERA_TRY(request.prompt_ids, read_prompt(loaded, parameters));
  TESSERA_TRY(const auto continuation, parameters.optional_array("continuation_ids"));
  if (continuation) {
    TESSERA_TRY(request.continuation_ids, read_ids(*continuation));
  }
  TESSERA_TRY(const auto tokens_max,
              parameters.optional_integer("max_tokens", 1, std::numeric_limits<int>::max()));
  if (tokens_max) request.tokens_max = *tokens_max;
  TESSERA_TRY(request.sampling, read_sampling(parameters));
  TESSERA_TRY(request.stop, read_stop(parameters));
  TESSERA_TRY(const auto ignores_end, parameters.optional_boolean("ignore_end"));
  request.ignores_end = ignores_end.value_or(false);
  return request;
}

void write_logprobs(const LoadedModel& loaded, const SampledToken& token, JsonWriter& reply) {
  const auto write_one = [&](std::int32_t id, float logprob) {
    reply.key("id").integer(id);
    reply.key("logprob").number(logprob);
    const Tokenizer* tokenizer = loaded.model->tokenizer();
    const std::string bytes = tokenizer == nullptr ? "" : tokenizer->token_bytes(id);
    reply.key("token").string(bytes);
    reply.key("bytes").begin_array();
    for (const char byte : bytes) reply.integer(static_cast<unsigned char>(byte));
    reply.end_array();
  };
  reply.key("logprobs").begin_object();
  write_one(token.id, token.logprob);
  reply.key("top").begin_array();
  for (const TokenLogprob& alternative : token.alternatives) {
    reply.begin_object();
    write_one(alternative.id, alternative.logprob);
    reply.end_object();
  }
  reply.end_array().end_object();
}

void write_token(const LoadedModel& loaded, const GeneratedToken& generated, bool has_logprobs,
                 JsonWriter& reply) {
  reply.key("phase").string("token");
  reply.key("id").integer(generated.token.id);
  reply.key("text").string(generated.text);
  if (has_logprobs) write_logprobs(loaded, generated.token, reply);
  reply.key("finish_reason");
  switch (generated.finish_reason) {
    case FinishReason::kNone: reply.null(); break;
    case FinishReason::kStop: reply.string("stop"); break;
    case FinishReason::kLength: reply.string("length"); break;
  }
}

}  // namespace

Result<void> generation_start(ModelTable& models, const JsonObject& parameters, JsonWriter& reply) {
  TESSERA_TRY(LoadedModel * loaded, models.find_ready(parameters));
  TESSERA_TRY(GenerationRequest request, read_request(*loaded, parameters));
  const auto seed = static_cast<std::int64_t>(request.sampling.seed);
  TESSERA_TRY(const GenerationStart start, loaded->generator->start(std::move(request)));
  reply.begin_object();
  reply.key("prompt_tokens").integer(start.prompt_tokens);
  reply.key("cached_tokens").integer(start.cached_tokens);
  reply.key("seed").integer(seed);
  reply.end_object();
  return {};
}

Result<void> generation_step(ModelTable& models, const JsonObject& parameters, JsonWriter& reply) {
  TESSERA_TRY(LoadedModel * loaded, models.find_ready(parameters));
  Generator& generator = *loaded->generator;
  if (!generator.is_active()) {
    return Error{ErrorCode::kInvalidArgument, "no generation is under way; start one"};
  }
  TESSERA_TRY(const GenerationStep step, generator.step());
  reply.begin_object();
  if (const auto* progress = std::get_if<PrefillProgress>(&step)) {
    reply.key("phase").string("prefill");
    reply.key("done").integer(progress->done_tokens);
    reply.key("total").integer(progress->total_tokens);
  } else if (const auto* token = std::get_if<GeneratedToken>(&step)) {
    write_token(*loaded, *token, generator.reports_logprobs(), reply);
  } else {
    reply.key("phase").string("waiting");
  }
  reply.end_object();
  return {};
}

Result<void> generation_cancel(ModelTable& models, const JsonObject& parameters,
                               JsonWriter& reply) {
  TESSERA_TRY(LoadedModel * loaded, models.find(parameters));
  loaded->generator->cancel();
  reply.begin_object().end_object();
  return {};
}

Result<void> generation_timings(ModelTable& models, const JsonObject& parameters,
                                JsonWriter& reply) {
  TESSERA_TRY(const LoadedModel* loaded, models.find(parameters));
  const GenerationTimings& timings = loaded->generator->timings();
  reply.begin_object();
  reply.key("prompt_tokens").integer(timings.prefill_tokens);
  reply.key("prefill_ms").number(timings.prefill_ms);
  reply.key("tokens").integer(timings.decode_tokens);
  reply.key("decode_ms").number(timings.decode_ms);
  reply.end_object();
  return {};
}

}  // namespace tessera
