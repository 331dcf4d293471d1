// Broker: gives responses to runners and their events to listeners. It knows neither sockets nor
// threads: one thread calls it, and `check_deadlines` tells it that time has passed.
//
// A runner has one response at a time; responses wait in a bounded line per model. A response whose
// runner is lost goes to another runner with the tokens so far, unseen by its listener.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "protocol/generated/protocol.h"
#include "protocol/problem.h"
#include "server/broker/clock.h"
#include "server/broker/limits.h"
#include "server/broker/response.h"
#include "server/broker/response_event.h"
#include "server/broker/runner.h"
#include "server/metrics/server_metrics.h"

namespace tessera {

struct BrokerOptions {
  std::vector<std::string> models;  // the names that may be asked for
  std::string page_address;         // where to open a tab, for messages
  BrokerLimits limits;
};

class Broker {
 public:
  // The references must outlive the broker.
  Broker(BrokerOptions options, const Clock& clock, RandomSource& random, ServerMetrics& metrics);

  // ---- Listeners ----

  // Creates a response and gives its id. Its events, response.created first, go to the listener
  // until it detaches. `is_resumable`: keep a replay log and go on for a while without a listener.
  // Problems: server_closing, invalid_argument, model_not_found, no_runner, too_many_requests,
  // server_busy.
  std::variant<std::string, protocol::Problem> create(const protocol::ResponseCreate& request,
                                                      ResponseListener& listener,
                                                      bool is_resumable);
  // Ends a response with finish_reason cancelled. Problems: response_not_found.
  std::optional<protocol::Problem> cancel(const std::string& response_id);
  // Gives the listener every event after that number and all later ones, in place of whoever
  // listened before. Problems: response_not_found, replay_gone, invalid_argument.
  std::optional<protocol::Problem> resume(const std::string& response_id,
                                          std::int64_t after_sequence_number,
                                          ResponseListener& listener);
  // The listener is gone: what can be resumed waits for another one, the rest is cancelled.
  void detach(ResponseListener& listener);

  // ---- Runners ----

  // The connection must live until remove_runner.
  RunnerId add_runner(RunnerConnection& connection);
  void remove_runner(RunnerId id);
  // Problems: model_not_found; request_conflict while it works for another model.
  std::optional<protocol::Problem> runner_ready(RunnerId id, const protocol::RunnerReady& ready);
  void runner_paused(RunnerId id);
  // Messages about a response that the runner does not have are late ones, and ignored.
  void runner_progress(RunnerId id, const protocol::ResponseInProgress& progress);
  void runner_delta(RunnerId id, protocol::ResponseDelta delta);
  void runner_completed(RunnerId id, const protocol::ResponseCompleted& completed);
  void runner_failed(RunnerId id, const protocol::ResponseFailed& failed);

  // ---- Time and shutdown ----

  // Ends what has waited too long. To be called a few times a second.
  void check_deadlines();
  // From now on nothing is created; what waits in line fails with server_closing.
  void begin_shutdown();
  // Fails what still runs with server_closing.
  void finish_shutdown();

  bool is_closing() const { return is_closing_; }
  std::size_t running_count() const { return running_count_; }
  std::size_t queued_count() const { return queued_count_; }
  // Brings the metrics that are states, not counts, up to date.
  void publish_gauges();
  // Runners that hold the model, paused ones included.
  std::size_t runner_count(std::string_view model) const;

 private:
  using FinishReason = protocol::ResponseCompletedFinishReason;

  // broker.cpp: from creation to the end
  std::variant<std::string, protocol::Problem> model_of(
      const std::optional<std::string>& asked) const;
  std::optional<protocol::Problem> capacity_problem(const std::string& model,
                                                    const ResponseListener& listener) const;
  std::string new_response_id();
  Response* find_response(const std::string& id);
  // Numbers and logs the event, unless it is a hint, and gives it to the listener.
  void emit(Response& response, ResponseEvent event);
  // These three end the response; it may not exist afterwards.
  void complete(Response& response, FinishReason reason, const protocol::WireUsage& usage);
  void fail(Response& response, const protocol::Problem& problem);
  void cancel_response(Response& response);
  void end(Response& response, std::string_view outcome);

  // broker_runners.cpp: between responses and runners
  Runner& runner_of(RunnerId id);
  Response* current_response(RunnerId id, const std::string& response_id);
  bool accept_sequence(Response& response, std::uint64_t sequence_number);
  void observe_tokens(Response& response, std::size_t count);
  void free_runner(Runner& runner);
  void stop_runner(Response& response);
  void leave_runner(Response& response);
  void lose_runner(Response& response, const std::string& reason);
  void shorten_waits(const std::string& model);

  // broker_lines.cpp: lines and deadlines
  void join_line(Response& response, bool at_front, Milliseconds wait_max);
  void leave_line(Response& response);
  void dispatch(const std::string& model);
  void assign(Response& response, RunnerId id, Runner& runner);
  void tell_positions(const std::string& model);
  void check_response(Response& response);
  void fail_waiting(Response& response);

  const BrokerOptions options_;
  const Clock& clock_;
  RandomSource& random_;
  ServerMetrics& metrics_;
  std::map<RunnerId, Runner> runners_;
  std::uint64_t runner_id_next_ = 1;
  std::unordered_map<std::string, std::unique_ptr<Response>> responses_;
  std::map<std::string, std::deque<Response*>> lines_;  // by model, first come first served
  std::deque<std::string> ended_;                       // resumable responses, oldest first
  std::size_t queued_count_ = 0;
  std::size_t running_count_ = 0;
  bool is_closing_ = false;
};

}  // namespace tessera
