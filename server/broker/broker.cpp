#include "server/broker/broker.h"

#include <algorithm>
#include <cstdio>

namespace tessera {

using protocol::ErrorName;
using protocol::Problem;

namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

std::optional<Problem> prompt_problem(const protocol::ResponseCreate& request) {
  const int count =
      request.messages.has_value() + request.prompt.has_value() + request.prompt_ids.has_value();
  if (count == 1) return std::nullopt;
  return Problem{
      ErrorName::kInvalidArgument,
      "exactly one of messages, prompt and prompt_ids is needed, not " + std::to_string(count),
      "messages"};
}

// The two messages share the request's fields by name; a field that one of them lacks is skipped.
protocol::ResponseAssign assign_of(const protocol::ResponseCreate& request) {
  protocol::ResponseAssign assign;
  assign.messages = request.messages;
  assign.prompt = request.prompt;
  assign.prompt_ids = request.prompt_ids;
  assign.max_tokens = request.max_tokens;
  assign.temperature = request.temperature;
  assign.top_k = request.top_k;
  assign.top_p = request.top_p;
  assign.min_p = request.min_p;
  assign.repetition_penalty = request.repetition_penalty;
  assign.seed = request.seed;
  assign.stop = request.stop;
  assign.logprobs = request.logprobs;
  assign.ignore_end = request.ignore_end;
  return assign;
}

}  // namespace

Broker::Broker(BrokerOptions options, const Clock& clock, RandomSource& random,
               ServerMetrics& metrics)
    : options_(std::move(options)), clock_(clock), random_(random), metrics_(metrics) {}

std::variant<std::string, Problem> Broker::create(const protocol::ResponseCreate& request,
                                                  ResponseListener& listener, bool is_resumable) {
  if (is_closing_) {
    return Problem{ErrorName::kServerClosing, "the server is shutting down", {}};
  }
  if (auto problem = prompt_problem(request)) return *problem;
  auto model = model_of(request.model);
  if (auto* problem = std::get_if<Problem>(&model)) return *problem;
  const std::string& name = std::get<std::string>(model);
  if (auto problem = capacity_problem(name, listener)) return *problem;

  protocol::ResponseAssign assign = assign_of(request);
  assign.response_id = new_response_id();
  assign.model = name;
  if (!assign.seed) assign.seed = random_.next() >> 32;
  auto owned = std::make_unique<Response>(std::move(assign), options_.limits.replay_log_bytes_max);
  Response& response = *owned;
  const std::string id = response.id();
  response.is_resumable = is_resumable;
  response.listener = &listener;
  response.created_at = clock_.now();
  responses_.emplace(id, std::move(owned));

  protocol::ResponseCreated created;
  created.event_id = request.event_id;
  created.response_id = id;
  created.model = name;
  created.seed = *response.assign.seed;
  created.created_at = clock_.unix_seconds();
  emit(response, created);
  join_line(response, /*at_front=*/false, options_.limits.queue_wait_max);
  dispatch(name);
  return id;
}

std::variant<std::string, Problem> Broker::model_of(const std::optional<std::string>& asked) const {
  const std::vector<std::string>& models = options_.models;
  if (asked && std::ranges::find(models, *asked) != models.end()) return *asked;
  if (!asked && models.size() == 1) return models.front();
  const std::string what = asked ? "no model is called " + *asked : "model is missing";
  return Problem{asked ? ErrorName::kModelNotFound : ErrorName::kInvalidArgument,
                 what + "; this server offers " + joined(models), "model"};
}

std::optional<Problem> Broker::capacity_problem(const std::string& model,
                                                const ResponseListener& listener) const {
  if (runner_count(model) == 0) {
    return Problem{ErrorName::kNoRunner,
                   "no browser tab is running " + model + ": open " + options_.page_address +
                       " in a browser and keep the tab open",
                   {}};
  }
  const auto is_unfinished = [&listener](const auto& entry) {
    return entry.second->listener == &listener && entry.second->state != ResponseState::kEnded;
  };
  const auto unfinished = std::ranges::count_if(responses_, is_unfinished);
  if (std::cmp_greater_equal(unfinished, options_.limits.responses_per_client_max)) {
    return Problem{ErrorName::kTooManyRequests,
                   std::to_string(unfinished) + " responses of this session are unfinished",
                   {}};
  }
  const auto takes_model = [&model](const auto& entry) {
    return entry.second.model == model && entry.second.is_free();
  };
  if (queued_count_ >= options_.limits.queue_requests_max &&
      std::ranges::none_of(runners_, takes_model)) {
    return Problem{ErrorName::kServerBusy,
                   std::to_string(queued_count_) + " responses are waiting already",
                   {}};
  }
  return std::nullopt;
}

std::string Broker::new_response_id() {
  char text[35];
  const auto first = static_cast<unsigned long long>(random_.next());
  const auto second = static_cast<unsigned long long>(random_.next());
  std::snprintf(text, sizeof text, "r-%016llx%016llx", first, second);
  return text;
}

Response* Broker::find_response(const std::string& id) {
  const auto found = responses_.find(id);
  return found == responses_.end() ? nullptr : found->second.get();
}

std::optional<Problem> Broker::cancel(const std::string& response_id) {
  Response* response = find_response(response_id);
  if (response == nullptr) {
    return Problem{ErrorName::kResponseNotFound, "no response has the id " + response_id,
                   "response_id"};
  }
  if (response->state != ResponseState::kEnded) cancel_response(*response);
  return std::nullopt;
}

std::optional<Problem> Broker::resume(const std::string& response_id,
                                      std::int64_t after_sequence_number,
                                      ResponseListener& listener) {
  Response* response = find_response(response_id);
  if (response == nullptr || !response->is_resumable) {
    return Problem{ErrorName::kResponseNotFound, "no response has the id " + response_id,
                   "response_id"};
  }
  if (std::cmp_greater_equal(after_sequence_number, response->sequence_next)) {
    return Problem{ErrorName::kInvalidArgument,
                   "response " + response_id + " has no event " +
                       std::to_string(after_sequence_number) + " yet",
                   "after_sequence_number"};
  }
  const auto events = response->log.after(after_sequence_number);
  if (!events) {
    return Problem{ErrorName::kReplayGone,
                   "events of response " + response_id + " after number " +
                       std::to_string(after_sequence_number) + " are no longer kept",
                   "after_sequence_number"};
  }
  response->listener = &listener;
  response->detached_deadline.reset();
  for (const SharedResponseEvent& event : *events) listener.on_response_event(event);
  return std::nullopt;
}

void Broker::detach(ResponseListener& listener) {
  std::vector<Response*> to_cancel;
  for (const auto& [id, response] : responses_) {
    if (response->listener != &listener) continue;
    response->listener = nullptr;
    response->detached_deadline = clock_.now() + options_.limits.resume_window;
    const bool is_running_on = response->state != ResponseState::kEnded;
    if (is_running_on && !response->is_resumable) to_cancel.push_back(response.get());
  }
  for (Response* response : to_cancel) cancel_response(*response);
}

void Broker::emit(Response& response, ResponseEvent event) {
  bool is_numbered = false;
  std::visit(
      [&](auto& message) {
        if constexpr (requires { message.sequence_number; }) {
          message.sequence_number = response.sequence_next++;
          is_numbered = true;
        }
      },
      event);
  const auto shared = std::make_shared<const ResponseEvent>(std::move(event));
  if (is_numbered && response.is_resumable) response.log.append(shared);
  if (response.listener != nullptr) response.listener->on_response_event(shared);
}

void Broker::complete(Response& response, FinishReason reason, const protocol::WireUsage& usage) {
  protocol::ResponseCompleted completed;
  completed.response_id = response.id();
  completed.finish_reason = reason;
  completed.usage = usage;
  metrics_.prompt_tokens.add(usage.prompt_tokens);
  metrics_.completion_tokens.add(usage.completion_tokens);
  emit(response, completed);
  end(response, enum_names(reason)[static_cast<std::size_t>(reason)]);
}

void Broker::fail(Response& response, const Problem& problem) {
  protocol::ResponseFailed failed;
  failed.response_id = response.id();
  failed.error = protocol::wire_error(problem);
  emit(response, failed);
  end(response, protocol::error_row(problem.name).code);
}

void Broker::cancel_response(Response& response) {
  if (response.state == ResponseState::kQueued) leave_line(response);
  if (response.state == ResponseState::kRunning) stop_runner(response);
  protocol::WireUsage usage;
  usage.prompt_tokens = response.prompt_tokens;
  usage.completion_tokens = response.token_ids.size();
  complete(response, FinishReason::kCancelled, usage);
}

void Broker::end(Response& response, std::string_view outcome) {
  metrics_.responses(outcome).add();
  response.state = ResponseState::kEnded;
  const std::string id = response.id();
  if (!response.is_resumable) {
    responses_.erase(id);
    return;
  }
  response.forget_deadline = clock_.now() + options_.limits.resume_window;
  ended_.push_back(id);
  while (ended_.size() > options_.limits.replay_logs_max) {
    responses_.erase(ended_.front());
    ended_.pop_front();
  }
}

std::size_t Broker::runner_count(std::string_view model) const {
  const auto holds_model = [model](const auto& entry) { return entry.second.model == model; };
  return static_cast<std::size_t>(std::ranges::count_if(runners_, holds_model));
}

void Broker::publish_gauges() {
  const auto is_ready = [](const auto& entry) { return entry.second.is_ready; };
  metrics_.queue_length.set(static_cast<double>(queued_count_));
  metrics_.responses_running.set(static_cast<double>(running_count_));
  metrics_.runners_ready.set(static_cast<double>(std::ranges::count_if(runners_, is_ready)));
}

}  // namespace tessera
