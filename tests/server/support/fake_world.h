// A clock, a source of random numbers, runners and listeners that tests control.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/broker/broker.h"

namespace tessera::testing {

class FakeClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  std::uint64_t unix_seconds() const override { return 1790000000; }
  void advance(Milliseconds time) { now_ += time; }

 private:
  TimePoint now_{std::chrono::hours(1)};
};

// 1, 2, 3, … spread over all 64 bits.
class FakeRandom final : public RandomSource {
 public:
  std::uint64_t next() override { return ++count_ * 0x9e3779b97f4a7c15u; }

 private:
  std::uint64_t count_ = 0;
};

class FakeListener final : public ResponseListener {
 public:
  void on_response_event(const SharedResponseEvent& event) override { events.push_back(event); }

  template <typename Event>
  std::vector<Event> all() const {
    std::vector<Event> found;
    for (const auto& event : events) {
      if (const auto* one = std::get_if<Event>(event.get())) found.push_back(*one);
    }
    return found;
  }
  // All deltas joined.
  std::string text() const {
    std::string text;
    for (const auto& delta : all<protocol::ResponseDelta>()) text += delta.delta;
    return text;
  }
  // The sequence numbers of the numbered events, in the order of arrival.
  std::vector<std::uint64_t> numbers() const;
  // The error code of the response's failure, or "".
  std::string failure() const {
    const auto failures = all<protocol::ResponseFailed>();
    return failures.empty() ? "" : failures.front().error.code;
  }

  std::vector<SharedResponseEvent> events;
};

inline std::vector<std::uint64_t> FakeListener::numbers() const {
  std::vector<std::uint64_t> numbers;
  for (const auto& event : events) {
    std::visit(
        [&numbers](const auto& message) {
          if constexpr (requires { message.sequence_number; }) {
            numbers.push_back(message.sequence_number);
          }
        },
        *event);
  }
  return numbers;
}

class FakeRunner final : public RunnerConnection {
 public:
  explicit FakeRunner(Broker& broker) : broker_(broker), id_(broker.add_runner(*this)) {}
  // A test that ends before the tab is closed calls nobody any more.
  ~FakeRunner() override = default;
  FakeRunner(const FakeRunner&) = delete;
  FakeRunner& operator=(const FakeRunner&) = delete;

  void send_to_runner(const protocol::MessageToRunner& message) override {
    if (const auto* assign = std::get_if<protocol::ResponseAssign>(&message)) {
      assigned.push_back(*assign);
      sequence_next_ = 0;
    }
    if (const auto* cancel = std::get_if<protocol::ResponseCancel>(&message)) {
      cancelled.push_back(cancel->response_id);
    }
  }

  auto ready(const std::string& model = "m") {
    protocol::RunnerReady message;
    message.model = model;
    message.context_tokens_max = 1024;
    message.backend = "wasm";
    message.threads = 1;
    return broker_.runner_ready(*id_, message);
  }
  void pause() { broker_.runner_paused(*id_); }
  void delta(const std::string& text, std::vector<std::uint32_t> token_ids) {
    delta_numbered(sequence_next_++, text, std::move(token_ids));
  }
  void delta_numbered(std::uint64_t number, const std::string& text,
                      std::vector<std::uint32_t> token_ids) {
    protocol::ResponseDelta message;
    message.response_id = response_id();
    message.sequence_number = number;
    message.delta = text;
    message.token_ids = std::move(token_ids);
    broker_.runner_delta(*id_, message);
  }
  void complete(protocol::ResponseCompletedFinishReason reason =
                    protocol::ResponseCompletedFinishReason::kStop) {
    protocol::ResponseCompleted message;
    message.response_id = response_id();
    message.sequence_number = sequence_next_++;
    message.finish_reason = reason;
    message.usage.prompt_tokens = 5;
    message.usage.completion_tokens = 2;
    broker_.runner_completed(*id_, message);
  }
  void fail(const std::string& code) {
    protocol::ResponseFailed message;
    message.response_id = response_id();
    message.sequence_number = sequence_next_++;
    message.error = {code, "because of " + code, {}};
    broker_.runner_failed(*id_, message);
  }
  void progress(std::uint64_t done, std::uint64_t total) {
    protocol::ResponseInProgress message;
    message.response_id = response_id();
    message.prefill_tokens_done = done;
    message.prefill_tokens_total = total;
    broker_.runner_progress(*id_, message);
  }
  // The tab is closed.
  void leave() {
    if (id_) broker_.remove_runner(*std::exchange(id_, std::nullopt));
  }
  std::string response_id() const { return assigned.empty() ? "" : assigned.back().response_id; }

  std::vector<protocol::ResponseAssign> assigned;
  std::vector<std::string> cancelled;

 private:
  Broker& broker_;
  std::optional<RunnerId> id_;
  std::uint64_t sequence_next_ = 0;
};

struct FakeWorld {
  explicit FakeWorld(BrokerLimits limits = {})
      : broker(BrokerOptions{{"m", "other"}, "http://127.0.0.1:8080/", limits}, clock, random,
               metrics) {}

  // The id of a new response to a prompt, or the code of the problem.
  std::string create(ResponseListener& listener, bool is_resumable = true,
                     const std::string& model = "m") {
    protocol::ResponseCreate request;
    request.model = model;
    request.prompt = "Once";
    const auto result = broker.create(request, listener, is_resumable);
    if (const auto* id = std::get_if<std::string>(&result)) return *id;
    return std::string(protocol::error_row(std::get<protocol::Problem>(result).name).code);
  }
  void pass(Milliseconds time) {
    clock.advance(time);
    broker.check_deadlines();
  }

  FakeClock clock;
  FakeRandom random;
  ServerMetrics metrics;
  Broker broker;
};

}  // namespace tessera::testing
