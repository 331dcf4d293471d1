// Generator: answers one prompt after another over a TextModel, a step at a time, and keeps the KV
// cache of the tokens that consecutive prompts share.
//
// Forward passes are asked for ahead of their results, as far as the backend allows: a GPU runs
// the next token while the last one is on its way back.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "generation/sampling.h"
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

// Nothing to tell yet: step again when something that was asked of the backend has arrived.
struct Waiting {};

using GenerationStep = std::variant<PrefillProgress, GeneratedToken, Waiting>;

// Time spent, without what the caller did between steps unless it was told to wait.
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

  // Runs one chunk of the prompt, gives one token, or says that the caller must wait.
  // REQUIRES: is_active().
  Result<GenerationStep> step();

  // True from start() until a token with a finish reason, an error or cancel().
  bool is_active() const { return is_active_; }
  void cancel();

  bool reports_logprobs() const { return request_.sampling.logprobs >= 0; }

  const GenerationTimings& timings() const { return timings_; }

  // Logits of every one of `ids`, [ids.size(), vocabulary_size], for verification, evaluation and
  // sampling of one's own; ends an answer under way. The ids follow the first `after_tokens` ones
  // that were run last. begin_forward_all, then continue_forward_all until it gives something: an
  // empty optional asks the caller to wait. Errors: kContextFull; kInvalidArgument.
  Result<void> begin_forward_all(std::vector<std::int32_t> ids, std::size_t after_tokens = 0);
  Result<std::optional<std::vector<float>>> continue_forward_all();

  // Both, where the backend does not make anybody wait.
  Result<std::vector<float>> forward_all(std::span<const std::int32_t> ids);

 private:
  // A forward pass that was asked for and whose result was not taken yet.
  struct Flight {
    ReadTicket ticket;
    std::size_t chunk_tokens = 0;  // of the prompt; 0: a token of the answer was run
    bool samples = false;
    std::chrono::steady_clock::time_point since = {};  // when it was asked for
  };
  // forward_all under way.
  struct WholePass {
    std::vector<std::int32_t> ids;
    std::vector<float> logits;
    std::size_t done_tokens;   // of the ids
    std::size_t chunk_tokens;  // asked for behind them; 0: nothing
    ReadTicket ticket;
  };
  using Clock = std::chrono::steady_clock;

  Result<void> check_request(const GenerationRequest& request) const;
  std::size_t count_cached() const;
  void forget_flights();
  bool can_submit() const;
  Result<void> submit();
  Result<Flight> submit_chunk();
  Result<Flight> submit_token();
  void adapt_chunk(const Flight& flight);
  Result<GenerationStep> advance();
  Result<GenerationStep> land(const Flight& flight);
  Result<SampledToken> take_report(const Flight& flight);
  Result<void> submit_whole_pass();
  GeneratedToken emit(SampledToken sampled);
  std::string absorb_text(std::int32_t id);
  bool ends_answer(std::int32_t id) const;
  void replay_continuation();

  TextModel& model_;
  GenerationRequest request_;
  bool is_active_ = false;
  std::vector<std::int32_t> tokens_;  // prompt, continuation and answer, as far as known
  std::size_t target_ = 0;            // tokens to prefill: prompt and continuation
  std::size_t submitted_ = 0;         // positions run or asked for; the cache holds what is known
  std::size_t prefilled_ = 0;         // positions of the target whose passes have landed
  std::int64_t sampled_ = 0;          // tokens of the answer chosen or asked for
  std::int64_t answer_tokens_ = 0;    // of these, known
  std::deque<Flight> flights_;
  // Of the prompt at a time: more once the device was seen to be fast.
  std::size_t chunk_tokens_ = static_cast<std::size_t>(kChunkTokens);
  Clock::time_point chunk_landed_;       // the last one
  std::optional<SampledToken> arrived_;  // not given to the caller yet
  std::optional<Clock::time_point> waiting_since_;
  std::optional<WholePass> whole_pass_;
  std::optional<StreamDecoder> stream_decoder_;
  std::optional<StopMatcher> stop_matcher_;
  GenerationTimings timings_;
};

}  // namespace tessera
