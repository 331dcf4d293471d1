// The lines in which responses wait, and everything that has a deadline.
#include <algorithm>
#include <vector>

#include "server/broker/broker.h"

namespace tessera {

using protocol::ErrorName;
using protocol::Problem;

void Broker::join_line(Response& response, bool at_front, Milliseconds wait_max) {
  response.state = ResponseState::kQueued;
  response.wait_deadline = clock_.now() + wait_max;
  response.position_told.reset();
  std::deque<Response*>& line = lines_[response.model()];
  if (at_front) {
    line.push_front(&response);
  } else {
    line.push_back(&response);
  }
  ++queued_count_;
}

void Broker::leave_line(Response& response) {
  std::deque<Response*>& line = lines_[response.model()];
  line.erase(std::ranges::find(line, &response));
  --queued_count_;
}

// Gives waiting responses to free runners, the longest waiting to the longest idle.
void Broker::dispatch(const std::string& model) {
  std::deque<Response*>& line = lines_[model];
  while (!line.empty()) {
    auto best = runners_.end();
    for (auto entry = runners_.begin(); entry != runners_.end(); ++entry) {
      const Runner& runner = entry->second;
      if (runner.model != model || !runner.is_free()) continue;
      if (best == runners_.end() || runner.idle_since < best->second.idle_since) best = entry;
    }
    if (best == runners_.end()) break;
    Response& response = *line.front();
    leave_line(response);
    assign(response, best->first, best->second);
  }
  tell_positions(model);
}

void Broker::assign(Response& response, RunnerId id, Runner& runner) {
  response.state = ResponseState::kRunning;
  response.runner = id;
  response.runner_sequence_next = 0;
  response.stall_deadline = clock_.now() + options_.limits.runner_stall_max;
  ++response.attempts;
  ++running_count_;
  runner.response_id = response.id();
  protocol::ResponseAssign message = response.assign;
  if (!response.token_ids.empty()) message.continuation_ids = response.token_ids;
  runner.connection->send_to_runner(message);
}

void Broker::tell_positions(const std::string& model) {
  std::uint64_t position = 0;
  for (Response* response : lines_[model]) {
    if (response->position_told != position) {
      response->position_told = position;
      protocol::ResponseQueued queued;
      queued.response_id = response->id();
      queued.position = position;
      emit(*response, queued);
    }
    ++position;
  }
}

// When the last runner of a model goes, nobody waits for it much longer.
void Broker::shorten_waits(const std::string& model) {
  if (runner_count(model) > 0) return;
  const TimePoint deadline = clock_.now() + options_.limits.runner_wait_max;
  for (Response* response : lines_[model]) {
    response->wait_deadline = std::min(response->wait_deadline, deadline);
  }
}

void Broker::check_deadlines() {
  const TimePoint now = clock_.now();
  for (auto& [id, runner] : runners_) {
    if (!runner.is_cancelling || now < runner.cancel_deadline) continue;
    runner.is_cancelling = false;
    runner.is_ready = false;
    runner.response_id.clear();
  }
  std::vector<std::string> ids;
  ids.reserve(responses_.size());
  for (const auto& [id, response] : responses_) ids.push_back(id);
  for (const std::string& id : ids) {
    if (Response* response = find_response(id)) check_response(*response);
  }
  while (!ended_.empty()) {
    const Response* oldest = find_response(ended_.front());
    if (oldest != nullptr && now < oldest->forget_deadline) break;
    responses_.erase(ended_.front());
    ended_.pop_front();
  }
}

void Broker::check_response(Response& response) {
  const TimePoint now = clock_.now();
  if (response.state == ResponseState::kEnded) return;
  if (response.detached_deadline && now >= *response.detached_deadline) {
    return cancel_response(response);
  }
  if (response.state == ResponseState::kQueued && now >= response.wait_deadline) {
    return fail_waiting(response);
  }
  if (response.state == ResponseState::kRunning && now >= response.stall_deadline) {
    runner_of(*response.runner).is_ready = false;
    stop_runner(response);
    lose_runner(response, "the tab that was answering sent nothing for too long");
  }
}

void Broker::fail_waiting(Response& response) {
  leave_line(response);
  Problem problem;
  if (response.attempts > 0) {
    problem = {
        ErrorName::kRunnerLost, "no other tab could go on after " + response.lost_reason, {}};
  } else if (runner_count(response.model()) == 0) {
    problem = {ErrorName::kNoRunner,
               "the last browser tab with " + response.model() + " went away: open " +
                   options_.page_address + " in a browser and keep the tab open",
               {}};
  } else {
    problem = {ErrorName::kQueueTimeout, "no tab with " + response.model() + " became free", {}};
  }
  fail(response, problem);
}

void Broker::begin_shutdown() {
  is_closing_ = true;
  for (auto& [model, line] : lines_) {
    while (!line.empty()) {
      Response& response = *line.front();
      leave_line(response);
      fail(response, {ErrorName::kServerClosing, "the server is shutting down", {}});
    }
  }
}

void Broker::finish_shutdown() {
  std::vector<Response*> running;
  for (const auto& [id, response] : responses_) {
    if (response->state != ResponseState::kEnded) running.push_back(response.get());
  }
  for (Response* response : running) {
    if (response->state == ResponseState::kQueued) leave_line(*response);
    if (response->state == ResponseState::kRunning) stop_runner(*response);
    fail(*response, {ErrorName::kServerClosing, "the server was shut down", {}});
  }
}

}  // namespace tessera
