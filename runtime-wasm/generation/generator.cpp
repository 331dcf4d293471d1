#include "generation/generator.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tessera {
namespace {

// Adds the time it lives to `total_ms`.
class ScopedTimer {
 public:
  explicit ScopedTimer(double& total_ms)
      : total_ms_(total_ms), start_(std::chrono::steady_clock::now()) {}
  ScopedTimer(const ScopedTimer&) = delete;
  ScopedTimer& operator=(const ScopedTimer&) = delete;
  ~ScopedTimer() {
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start_;
    total_ms_ += elapsed.count();
  }

 private:
  double& total_ms_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace

Result<void> Generator::check_request(const GenerationRequest& request) const {
  if (request.prompt_ids.empty()) {
    return Error{ErrorCode::kInvalidArgument, "the prompt is empty; give at least one token"};
  }
  if (request.tokens_max < 1) {
    return Error{ErrorCode::kInvalidArgument, "max_tokens must be at least 1"};
  }
  TESSERA_TRY_VOID(request.sampling.validate());
  const auto used =
      static_cast<std::int64_t>(request.prompt_ids.size() + request.continuation_ids.size());
  const std::int64_t context = model_.decoder().options().context_tokens_max;
  if (used >= context) {
    return Error{ErrorCode::kContextFull,
                 "the prompt has " + std::to_string(used) + " tokens, the context only " +
                     std::to_string(context) + "; shorten the conversation"};
  }
  const std::int64_t vocabulary = model_.decoder().configuration().vocabulary_size;
  for (const auto* ids : {&request.prompt_ids, &request.continuation_ids}) {
    for (const std::int32_t id : *ids) {
      if (id >= 0 && id < vocabulary) continue;
      return Error{ErrorCode::kInvalidArgument, "token id " + std::to_string(id) +
                                                    " is not in the vocabulary of " +
                                                    std::to_string(vocabulary)};
    }
  }
  return {};
}

Result<GenerationStart> Generator::start(GenerationRequest request) {
  TESSERA_TRY_VOID(check_request(request));
  request_ = std::move(request);
  tokens_ = request_.prompt_ids;
  tokens_.insert(tokens_.end(), request_.continuation_ids.begin(), request_.continuation_ids.end());
  target_ = tokens_.size();
  answer_tokens_ = static_cast<std::int64_t>(request_.continuation_ids.size());
  sampler_.emplace(request_.sampling);
  stream_decoder_.reset();
  if (model_.tokenizer() != nullptr) stream_decoder_.emplace(*model_.tokenizer());
  stop_matcher_.emplace(request_.stop);
  logits_.resize(static_cast<std::size_t>(model_.decoder().configuration().vocabulary_size));
  timings_ = {};

  // The last token is run again even if it is cached: its logits are needed.
  const std::size_t limit = std::min(cached_.size(), target_ - 1);
  const auto common = static_cast<std::size_t>(
      std::mismatch(cached_.begin(), cached_.begin() + static_cast<std::ptrdiff_t>(limit),
                    tokens_.begin())
          .first -
      cached_.begin());
  cached_.resize(common);
  is_active_ = true;
  replay_continuation();
  const std::size_t prompt_tokens = request_.prompt_ids.size();
  return GenerationStart{static_cast<std::int64_t>(prompt_tokens),
                         static_cast<std::int64_t>(std::min(common, prompt_tokens))};
}

// Brings detokenizer and stop matcher to where the other runner's were; that text was sent already.
void Generator::replay_continuation() {
  for (const std::int32_t id : request_.continuation_ids) absorb_text(id);
}

Result<GenerationStep> Generator::step() {
  TESSERA_CHECK(is_active_);
  if (cached_.size() < target_) {
    auto progress = prefill_chunk();
    if (!progress) is_active_ = false;
    return progress;
  }
  auto token = next_token();
  if (!token || token->finish_reason != FinishReason::kNone) is_active_ = false;
  if (!token) return std::move(token).error();
  return GenerationStep(std::move(token).value());
}

Result<GenerationStep> Generator::prefill_chunk() {
  const std::size_t position = cached_.size();
  const auto chunk_max = static_cast<std::size_t>(model_.decoder().options().chunk_tokens_max);
  const std::size_t count = std::min(target_ - position, chunk_max);
  const bool is_last = position + count == target_;
  const std::span<const std::int32_t> ids(tokens_.data() + position, count);
  {
    ScopedTimer timer(timings_.prefill_ms);
    TESSERA_TRY_VOID(model_.decoder().forward(ids, static_cast<std::int64_t>(position),
                                              is_last ? LogitsRows::kLast : LogitsRows::kNone));
    if (is_last) TESSERA_TRY_VOID(model_.decoder().read_logits(logits_));
  }
  cached_.insert(cached_.end(), ids.begin(), ids.end());
  timings_.prefill_tokens += static_cast<std::int64_t>(count);
  return GenerationStep(PrefillProgress{static_cast<std::int64_t>(cached_.size()),
                                        static_cast<std::int64_t>(target_)});
}

// Runs the token that was given last, if it was not run yet.
Result<void> Generator::run_pending_token() {
  if (cached_.size() == tokens_.size()) return {};
  const auto position = static_cast<std::int64_t>(cached_.size());
  TESSERA_TRY_VOID(
      model_.decoder().forward(std::span(&tokens_.back(), 1), position, LogitsRows::kLast));
  TESSERA_TRY_VOID(model_.decoder().read_logits(logits_));
  cached_.push_back(tokens_.back());
  timings_.decode_tokens += 1;
  return {};
}

Result<GeneratedToken> Generator::next_token() {
  ScopedTimer timer(timings_.decode_ms);
  TESSERA_TRY_VOID(run_pending_token());
  SampledToken sampled =
      sampler_->sample(logits_, tokens_, static_cast<std::uint64_t>(answer_tokens_));
  tokens_.push_back(sampled.id);
  ++answer_tokens_;
  return emit(std::move(sampled));
}

GeneratedToken Generator::emit(SampledToken sampled) {
  GeneratedToken result;
  const std::int32_t id = sampled.id;
  result.token = std::move(sampled);
  const auto context = static_cast<std::size_t>(model_.decoder().options().context_tokens_max);
  if (ends_answer(id)) {
    result.finish_reason = FinishReason::kStop;
  } else {
    result.text = absorb_text(id);
    if (stop_matcher_->has_matched()) {
      result.finish_reason = FinishReason::kStop;
      return result;
    }
    if (answer_tokens_ >= request_.tokens_max || tokens_.size() >= context) {
      result.finish_reason = FinishReason::kLength;
    }
  }
  if (result.finish_reason != FinishReason::kNone) {
    if (stream_decoder_) result.text += stop_matcher_->push(stream_decoder_->finish());
    if (!stop_matcher_->has_matched()) result.text += stop_matcher_->flush();
  }
  return result;
}

std::string Generator::absorb_text(std::int32_t id) {
  if (!stream_decoder_) return {};
  return stop_matcher_->push(stream_decoder_->push(id));
}

bool Generator::ends_answer(std::int32_t id) const {
  const auto& ends = model_.end_token_ids();
  return !request_.ignores_end && std::find(ends.begin(), ends.end(), id) != ends.end();
}

Result<std::vector<float>> Generator::forward_all(std::span<const std::int32_t> ids) {
  is_active_ = false;
  cached_.clear();
  DecoderModel& decoder = model_.decoder();
  const auto vocabulary = static_cast<std::size_t>(decoder.configuration().vocabulary_size);
  const auto chunk_max = static_cast<std::size_t>(decoder.options().chunk_tokens_max);
  if (ids.size() > static_cast<std::size_t>(decoder.options().context_tokens_max)) {
    return Error{ErrorCode::kContextFull, std::to_string(ids.size()) +
                                              " tokens do not fit the context of " +
                                              std::to_string(decoder.options().context_tokens_max)};
  }
  std::vector<float> logits(ids.size() * vocabulary);
  for (std::size_t position = 0; position < ids.size(); position += chunk_max) {
    const std::span chunk = ids.subspan(position, std::min(chunk_max, ids.size() - position));
    TESSERA_TRY_VOID(decoder.forward(chunk, static_cast<std::int64_t>(position), LogitsRows::kAll));
    TESSERA_TRY_VOID(decoder.read_logits(
        std::span(logits).subspan(position * vocabulary, chunk.size() * vocabulary)));
  }
  cached_.assign(ids.begin(), ids.end());
  return logits;
}

}  // namespace tessera
