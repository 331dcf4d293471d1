// Generator: answers one prompt after another over a TextModel, a step at a time, and keeps the KV
// cache of the tokens that consecutive prompts share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "generation/sampler.h"
#include "generation/text_model.h"
#include "tokenizer/stop_matcher.h"
#include "tokenizer/stream_decoder.h"

namespace tessera {

struct GenerationRequest {
  std::vector<std::int32_t> prompt_ids;        // at least one
  std::vector<std::int32_t> continuation_ids;  // of this answer, generated elsewhere before
  std::int64_t tokens_max = 256;               // of the whole answer, continuation included
  SamplingParameters sampling;
  std::vector<std::string> stop;
  bool ignores_end = false;  // goes on past end tokens, for measuring
};

struct GenerationStart {
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;  // of the prompt, whose keys and values were still there
};

struct PrefillProgress {
  std::int64_t done_tokens = 0;
  std::int64_t total_tokens = 0;
};

enum class FinishReason : std::uint8_t { kNone, kStop, kLength };

struct GeneratedToken {
  SampledToken token;
  std::string text;  // may be empty: half a character, or a stop string that may be coming
  FinishReason finish_reason = FinishReason::kNone;
};

using GenerationStep = std::variant<PrefillProgress, GeneratedToken>;

// Time spent, without what the caller did between steps.
struct GenerationTimings {
  std::int64_t prefill_tokens = 0;  // run, not taken from the cache
  double prefill_ms = 0.0;
  std::int64_t decode_tokens = 0;  // forward passes over one generated token
  double decode_ms = 0.0;
};

class Generator {
 public:
  // The model must be ready and outlive the generator.
  explicit Generator(TextModel& model) : model_(model) {}

  // Begins an answer; one that was under way ends. Nothing runs yet.
  // Errors: kInvalidArgument; kContextFull if prompt and one token do not fit.
  Result<GenerationStart> start(GenerationRequest request);

  // Runs one chunk of the prompt, or gives one token. REQUIRES: is_active().
  Result<GenerationStep> step();

  // True from start() until a token with a finish reason, an error or cancel().
  bool is_active() const { return is_active_; }
  void cancel() { is_active_ = false; }

  bool reports_logprobs() const { return request_.sampling.logprobs >= 0; }

  const GenerationTimings& timings() const { return timings_; }

  // Logits of every position, [ids.size(), vocabulary_size], for verification and evaluation; ends
  // an answer under way. Errors: kContextFull; kInvalidArgument.
  Result<std::vector<float>> forward_all(std::span<const std::int32_t> ids);

 private:
  Result<void> check_request(const GenerationRequest& request) const;
  Result<GenerationStep> prefill_chunk();
  Result<GeneratedToken> next_token();
  Result<void> run_pending_token();
  GeneratedToken emit(SampledToken sampled);
  std::string absorb_text(std::int32_t id);
  bool ends_answer(std::int32_t id) const;
  void replay_continuation();

  TextModel& model_;
  GenerationRequest request_;
  bool is_active_ = false;
  std::vector<std::int32_t> tokens_;  // prompt, continuation and answer
  std::vector<std::int32_t> cached_;  // what the KV cache holds, from position 0 on
  std::size_t target_ = 0;            // tokens to prefill: prompt and continuation
  std::int64_t answer_tokens_ = 0;
  std::optional<Sampler> sampler_;
  std::optional<StreamDecoder> stream_decoder_;
  std::optional<StopMatcher> stop_matcher_;
  std::vector<float> logits_;
  GenerationTimings timings_;
};

}  // namespace tessera
