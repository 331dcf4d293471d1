// The broker's side towards runners: what they say, and what happens when they are lost.
#include "server/broker/broker.h"

#include <algorithm>

#include "base/check.h"

namespace tessera {

using protocol::ErrorName;
using protocol::Problem;

namespace {

// Failures that say something about the runner, not about the request.
bool is_runner_fault(ErrorName name) {
  return name == ErrorName::kDeviceLost || name == ErrorName::kOutOfMemory ||
         name == ErrorName::kIo || name == ErrorName::kInternal;
}

}  // namespace

RunnerId Broker::add_runner(RunnerConnection& connection) {
  const RunnerId id{runner_id_next_++};
  Runner runner;
  runner.connection = &connection;
  runners_.emplace(id, runner);
  return id;
}

Runner& Broker::runner_of(RunnerId id) {
  const auto found = runners_.find(id);
  TESSERA_CHECK(found != runners_.end());
  return found->second;
}

void Broker::remove_runner(RunnerId id) {
  const Runner runner = runner_of(id);
  runners_.erase(id);
  shorten_waits(runner.model);
  if (runner.response_id.empty() || runner.is_cancelling) return;
  if (Response* response = find_response(runner.response_id)) {
    leave_runner(*response);
    lose_runner(*response, "the tab that was answering was closed");
  }
}

std::optional<Problem> Broker::runner_ready(RunnerId id, const protocol::RunnerReady& ready) {
  Runner& runner = runner_of(id);
  if (std::ranges::find(options_.models, ready.model) == options_.models.end()) {
    return Problem{ErrorName::kModelNotFound, "this server offers no model called " + ready.model,
                   "model"};
  }
  if (!runner.response_id.empty() && runner.model != ready.model) {
    return Problem{
        ErrorName::kRequestConflict,
        "the runner still works on response " + runner.response_id + " with " + runner.model,
        "model"};
  }
  const std::string old_model = runner.model;
  runner.model = ready.model;
  runner.is_ready = true;
  runner.idle_since = clock_.now();
  if (old_model != ready.model) shorten_waits(old_model);
  dispatch(ready.model);
  return std::nullopt;
}

void Broker::runner_paused(RunnerId id) {
  runner_of(id).is_ready = false;
}

Response* Broker::current_response(RunnerId id, const std::string& response_id) {
  const Runner& runner = runner_of(id);
  if (runner.response_id != response_id || runner.is_cancelling) return nullptr;
  Response* response = find_response(response_id);
  if (response != nullptr)
    response->stall_deadline = clock_.now() + options_.limits.runner_stall_max;
  return response;
}

void Broker::runner_progress(RunnerId id, const protocol::ResponseInProgress& progress) {
  Response* response = current_response(id, progress.response_id);
  if (response != nullptr) {
    response->prompt_tokens = progress.prefill_tokens_total;
    emit(*response, progress);
  }
}

bool Broker::accept_sequence(Response& response, std::uint64_t sequence_number) {
  if (sequence_number == response.runner_sequence_next) {
    ++response.runner_sequence_next;
    return true;
  }
  const std::string reason = "the runner sent event " + std::to_string(sequence_number) +
                             " in place of " + std::to_string(response.runner_sequence_next);
  runner_of(*response.runner).is_ready = false;
  stop_runner(response);
  lose_runner(response, reason);
  return false;
}

void Broker::runner_delta(RunnerId id, protocol::ResponseDelta delta) {
  Response* response = current_response(id, delta.response_id);
  if (response == nullptr || !accept_sequence(*response, delta.sequence_number)) return;
  response->text_bytes += delta.delta.size();
  if (response->token_ids.size() + delta.token_ids.size() > options_.limits.output_tokens_max ||
      response->text_bytes > options_.limits.output_bytes_max) {
    stop_runner(*response);
    return fail(*response, {ErrorName::kContextFull, "the answer is too long", {}});
  }
  observe_tokens(*response, delta.token_ids.size());
  response->token_ids.insert(response->token_ids.end(), delta.token_ids.begin(),
                             delta.token_ids.end());
  emit(*response, std::move(delta));
}

void Broker::observe_tokens(Response& response, std::size_t count) {
  if (count == 0) return;
  using Seconds = std::chrono::duration<double>;
  const TimePoint now = clock_.now();
  if (response.token_ids.empty()) {
    metrics_.time_to_first_token_s.observe(Seconds(now - response.created_at).count());
  } else {
    const double gap_s = Seconds(now - response.last_token_at).count();
    for (std::size_t index = 0; index < count; ++index) {
      metrics_.inter_token_s.observe(gap_s / static_cast<double>(count));
    }
  }
  response.last_token_at = now;
}

void Broker::runner_completed(RunnerId id, const protocol::ResponseCompleted& completed) {
  Runner& runner = runner_of(id);
  Response* response = current_response(id, completed.response_id);
  if (response == nullptr) {
    if (runner.is_cancelling && runner.response_id == completed.response_id) free_runner(runner);
    return;
  }
  if (!accept_sequence(*response, completed.sequence_number)) return;
  leave_runner(*response);
  complete(*response, completed.finish_reason, completed.usage);
  free_runner(runner);
}

void Broker::runner_failed(RunnerId id, const protocol::ResponseFailed& failed) {
  Runner& runner = runner_of(id);
  Response* response = current_response(id, failed.response_id);
  if (response == nullptr) {
    if (runner.is_cancelling && runner.response_id == failed.response_id) free_runner(runner);
    return;
  }
  if (!accept_sequence(*response, failed.sequence_number)) return;
  leave_runner(*response);
  const ErrorName name = protocol::error_name(failed.error.code);
  if (is_runner_fault(name)) {
    runner.is_ready = false;
    runner.response_id.clear();
    return lose_runner(*response, failed.error.message);
  }
  fail(*response, {name, failed.error.message, failed.error.param.value_or("")});
  free_runner(runner);
}

void Broker::free_runner(Runner& runner) {
  runner.response_id.clear();
  runner.is_cancelling = false;
  runner.idle_since = clock_.now();
  dispatch(runner.model);
}

// Tells the runner to stop; it is free once it says that it has.
void Broker::stop_runner(Response& response) {
  Runner& runner = runner_of(*response.runner);
  runner.is_cancelling = true;
  runner.cancel_deadline = clock_.now() + options_.limits.runner_cancel_max;
  protocol::ResponseCancel cancel;
  cancel.response_id = response.id();
  runner.connection->send_to_runner(cancel);
  leave_runner(response);
}

void Broker::leave_runner(Response& response) {
  response.runner.reset();
  --running_count_;
}

// REQUIRES: the response has left its runner.
void Broker::lose_runner(Response& response, const std::string& reason) {
  metrics_.runners_lost.add();
  response.lost_reason = reason;
  if (response.attempts >= options_.limits.runner_attempts_max) {
    const std::string attempts = std::to_string(response.attempts);
    return fail(
        response,
        {ErrorName::kRunnerLost, attempts + " runners were lost, the last because " + reason, {}});
  }
  const std::string model = response.model();
  join_line(response, /*at_front=*/true, options_.limits.runner_wait_max);
  dispatch(model);
}

}  // namespace tessera
