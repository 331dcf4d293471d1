#include "generation/generator.h"

#include <algorithm>
#include <utility>

#include "generation/chunk_size.h"

namespace tessera {
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

// Positions whose keys and values the cache has, or will have before anything asked for from now on
// runs.
std::size_t Generator::count_cached() const {
  return std::min(submitted_, tokens_.size());
}

void Generator::forget_flights() {
  for (const Flight& flight : flights_) model_.backend().abandon_read(flight.ticket);
  flights_.clear();
  arrived_.reset();
  waiting_since_.reset();
  if (whole_pass_ && whole_pass_->chunk_tokens > 0) {
    model_.backend().abandon_read(whole_pass_->ticket);
  }
  whole_pass_.reset();
}

void Generator::cancel() {
  is_active_ = false;
  forget_flights();
}

Result<GenerationStart> Generator::start(GenerationRequest request) {
  TESSERA_TRY_VOID(check_request(request));
  forget_flights();
  request_ = std::move(request);
  const std::int64_t vocabulary = model_.decoder().configuration().vocabulary_size;
  if (request_.sampling.logprobs > vocabulary) {
    request_.sampling.logprobs = static_cast<std::int32_t>(vocabulary);
  }
  std::vector<std::int32_t> tokens = request_.prompt_ids;
  tokens.insert(tokens.end(), request_.continuation_ids.begin(), request_.continuation_ids.end());

  // The last token is run again even if it is cached: its logits are needed.
  const std::size_t limit = std::min(count_cached(), tokens.size() - 1);
  const auto end = tokens_.begin() + static_cast<std::ptrdiff_t>(limit);
  const auto common = static_cast<std::size_t>(
      std::mismatch(tokens_.begin(), end, tokens.begin()).first - tokens_.begin());
  tokens_ = std::move(tokens);
  target_ = tokens_.size();
  submitted_ = prefilled_ = common;
  sampled_ = answer_tokens_ = static_cast<std::int64_t>(request_.continuation_ids.size());
  TESSERA_TRY_VOID(model_.decoder().set_seen(tokens_));
  stream_decoder_.reset();
  if (model_.tokenizer() != nullptr) stream_decoder_.emplace(*model_.tokenizer());
  stop_matcher_.emplace(request_.stop);
  timings_ = {};
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
  const Clock::time_point since = waiting_since_.value_or(Clock::now());
  waiting_since_.reset();
  double& total_ms = prefilled_ < target_ ? timings_.prefill_ms : timings_.decode_ms;
  auto result = advance();
  total_ms += std::chrono::duration<double, std::milli>(Clock::now() - since).count();
  if (!result) {
    is_active_ = false;
    forget_flights();
  } else if (std::holds_alternative<Waiting>(*result)) {
    waiting_since_ = Clock::now();
  } else if (const auto* token = std::get_if<GeneratedToken>(&*result);
             token != nullptr && token->finish_reason != FinishReason::kNone) {
    is_active_ = false;
    forget_flights();
  }
  return result;
}

Result<GenerationStep> Generator::advance() {
  const auto flights_max = static_cast<std::size_t>(model_.backend().runs_in_flight_max());
  // What has arrived is passed on before more is asked for where nothing runs ahead.
  const std::size_t held = arrived_ && flights_max == 1 ? 1 : 0;
  while (flights_.size() + held < flights_max && can_submit()) TESSERA_TRY_VOID(submit());
  if (arrived_) {
    SampledToken token = std::move(*arrived_);
    arrived_.reset();
    return GenerationStep(emit(std::move(token)));
  }
  TESSERA_CHECK(!flights_.empty());
  if (!model_.backend().is_read_done(flights_.front().ticket)) return GenerationStep(Waiting{});
  const Flight flight = flights_.front();
  flights_.pop_front();
  return land(flight);
}

bool Generator::can_submit() const {
  if (submitted_ < target_) return true;
  const auto context = static_cast<std::size_t>(model_.decoder().options().context_tokens_max);
  return sampled_ < request_.tokens_max && submitted_ + 1 < context;
}

Result<void> Generator::submit() {
  auto flight = submitted_ < target_ ? submit_chunk() : submit_token();
  if (!flight) return std::move(flight).error();
  flights_.push_back(*flight);
  return {};
}

Result<Generator::Flight> Generator::submit_chunk() {
  DecoderModel& decoder = model_.decoder();
  const auto chunk_max = static_cast<std::size_t>(decoder.options().chunk_tokens_max);
  Flight flight;
  flight.since = Clock::now();
  flight.chunk_tokens = std::min({target_ - submitted_, chunk_tokens_, chunk_max});
  flight.samples = submitted_ + flight.chunk_tokens == target_;
  const std::span ids(tokens_.data() + submitted_, flight.chunk_tokens);
  const auto position = static_cast<std::int64_t>(submitted_);
  if (flight.samples) {
    const auto parameters = request_.sampling.for_token(static_cast<std::uint64_t>(sampled_));
    TESSERA_TRY(flight.ticket, decoder.forward_and_sample(ids, position, parameters));
    ++sampled_;
  } else {
    TESSERA_TRY_VOID(decoder.forward(ids, position, LogitsRows::kNone));
    TESSERA_TRY(flight.ticket, decoder.begin_fence());
  }
  submitted_ += flight.chunk_tokens;
  return flight;
}

// Only whole chunks tell how fast the device is.
void Generator::adapt_chunk(const Flight& flight) {
  const Clock::time_point now = Clock::now();
  const Clock::duration took = now - std::max(flight.since, chunk_landed_);
  chunk_landed_ = now;
  const auto most = static_cast<std::size_t>(model_.decoder().options().chunk_tokens_max);
  if (flight.chunk_tokens < std::min(chunk_tokens_, most)) return;
  chunk_tokens_ = next_chunk_tokens(chunk_tokens_, most, took);
}

// Runs the token that was chosen last, known or not.
Result<Generator::Flight> Generator::submit_token() {
  Flight flight;
  flight.samples = true;
  const auto parameters = request_.sampling.for_token(static_cast<std::uint64_t>(sampled_));
  TESSERA_TRY(flight.ticket, model_.decoder().forward_and_sample(
                                 {}, static_cast<std::int64_t>(submitted_), parameters));
  ++submitted_;
  ++sampled_;
  return flight;
}

// Takes the result of the oldest flight, which has arrived.
Result<GenerationStep> Generator::land(const Flight& flight) {
  TESSERA_TRY(SampledToken sampled, take_report(flight));
  if (flight.chunk_tokens > 0) {
    adapt_chunk(flight);
    prefilled_ += flight.chunk_tokens;
    timings_.prefill_tokens += static_cast<std::int64_t>(flight.chunk_tokens);
    if (flight.samples) arrived_ = std::move(sampled);
    return GenerationStep(
        PrefillProgress{static_cast<std::int64_t>(prefilled_), static_cast<std::int64_t>(target_)});
  }
  timings_.decode_tokens += 1;
  return GenerationStep(emit(std::move(sampled)));
}

Result<SampledToken> Generator::take_report(const Flight& flight) {
  SampleReport report;
  const std::int32_t logprobs = flight.samples ? request_.sampling.logprobs : -1;
  SampleParameters parameters;
  parameters.logprobs = logprobs;
  const std::span bytes(reinterpret_cast<std::byte*>(&report), sample_report_bytes(parameters));
  TESSERA_TRY_VOID(model_.backend().finish_read(flight.ticket, bytes));
  return read_report(report, logprobs);
}

GeneratedToken Generator::emit(SampledToken sampled) {
  GeneratedToken result;
  const std::int32_t id = sampled.id;
  tokens_.push_back(id);
  ++answer_tokens_;
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

Result<void> Generator::begin_forward_all(std::vector<std::int32_t> ids, std::size_t after_tokens) {
  // The ids of passes that have not landed are not known.
  const std::size_t known = std::min(count_cached(), tokens_.size());
  is_active_ = false;
  forget_flights();
  const DecoderModel& decoder = model_.decoder();
  const auto context = static_cast<std::size_t>(decoder.options().context_tokens_max);
  if (ids.empty()) return Error{ErrorCode::kInvalidArgument, "give at least one token"};
  if (after_tokens > known) {
    return Error{ErrorCode::kInvalidArgument, "only " + std::to_string(known) +
                                                  " tokens were run, not the " +
                                                  std::to_string(after_tokens) + " to go on after"};
  }
  if (ids.size() > context - after_tokens) {
    return Error{ErrorCode::kContextFull, std::to_string(after_tokens + ids.size()) +
                                              " tokens do not fit the context of " +
                                              std::to_string(context)};
  }
  tokens_.resize(after_tokens);
  submitted_ = after_tokens;
  const auto vocabulary = static_cast<std::size_t>(decoder.configuration().vocabulary_size);
  std::vector<float> logits(ids.size() * vocabulary);
  whole_pass_ = WholePass{std::move(ids), std::move(logits), 0, 0, {}};
  return submit_whole_pass();
}

// The next chunk, whose logits replace the last one's.
Result<void> Generator::submit_whole_pass() {
  WholePass& pass = *whole_pass_;
  DecoderModel& decoder = model_.decoder();
  // Logits of many rows take much memory.
  const auto chunk_max =
      static_cast<std::size_t>(std::min(decoder.options().chunk_tokens_max, kChunkTokens));
  const std::size_t tokens = std::min(chunk_max, pass.ids.size() - pass.done_tokens);
  const std::span chunk(pass.ids.data() + pass.done_tokens, tokens);
  const auto position = static_cast<std::int64_t>(tokens_.size() + pass.done_tokens);
  TESSERA_TRY_VOID(decoder.forward(chunk, position, LogitsRows::kAll));
  TESSERA_TRY(pass.ticket, decoder.begin_read_logits());
  pass.chunk_tokens = tokens;
  return {};
}

Result<std::optional<std::vector<float>>> Generator::continue_forward_all() {
  using Logits = std::optional<std::vector<float>>;
  if (!whole_pass_) {
    return Error{ErrorCode::kInvalidArgument, "no forward pass is under way; start one"};
  }
  WholePass& pass = *whole_pass_;
  const auto vocabulary =
      static_cast<std::size_t>(model_.decoder().configuration().vocabulary_size);
  while (model_.backend().is_read_done(pass.ticket)) {
    const std::span rows =
        std::span(pass.logits)
            .subspan(pass.done_tokens * vocabulary, pass.chunk_tokens * vocabulary);
    TESSERA_TRY_VOID(model_.backend().finish_read(pass.ticket, std::as_writable_bytes(rows)));
    pass.done_tokens += pass.chunk_tokens;
    pass.chunk_tokens = 0;
    if (pass.done_tokens == pass.ids.size()) {
      tokens_.insert(tokens_.end(), pass.ids.begin(), pass.ids.end());
      submitted_ = tokens_.size();
      Logits logits = std::move(pass.logits);
      whole_pass_.reset();
      return logits;
    }
    TESSERA_TRY_VOID(submit_whole_pass());
  }
  return Logits();
}

Result<std::vector<float>> Generator::forward_all(std::span<const std::int32_t> ids) {
  TESSERA_TRY_VOID(begin_forward_all({ids.begin(), ids.end()}));
  TESSERA_TRY(auto logits, continue_forward_all());
  if (logits) return std::move(*logits);
  return Error{ErrorCode::kUnsupported, "this backend delivers logits later"};
}

}  // namespace tessera
