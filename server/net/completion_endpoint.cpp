// POST /v1/chat/completions and /v1/completions: a response of the broker as OpenAI's API shows it.
#include <optional>

#include "server/net/disconnect_watch.h"
#include "server/net/endpoints.h"
#include "server/net/event_inbox.h"
#include "server/openai/completion_writer.h"

namespace tessera::net {

using protocol::ErrorName;
using protocol::Problem;

namespace {

// An answer in the making: takes the response's events until the end, or until the peer is gone.
class CompletionAnswer {
 public:
  CompletionAnswer(Exchange& exchange, EventInbox& inbox, const CompletionRequest& request)
      : exchange_(exchange), inbox_(inbox), writer_(request), is_stream_(request.is_stream) {}

  asio::awaitable<void> run();

 private:
  asio::awaitable<void> begin_stream();
  asio::awaitable<void> take(const ResponseEvent& event);
  asio::awaitable<void> take_streamed(const ResponseEvent& event);
  asio::awaitable<void> write_chunk(std::string text);
  asio::awaitable<void> finish();

  Exchange& exchange_;
  EventInbox& inbox_;
  CompletionWriter writer_;
  const bool is_stream_;
  bool is_stream_begun_ = false;
  bool is_chunked_ = true;
};

asio::awaitable<void> CompletionAnswer::run() {
  while (true) {
    const SharedResponseEvent event = co_await inbox_.wait_next();
    if (event == nullptr) {
      exchange_.give_up();
      if (inbox_.is_overfull()) exchange_.state().metrics.slow_consumers_cut.add();
      co_return;
    }
    co_await take(*event);
    if (is_final(*event)) co_return;
  }
}

asio::awaitable<void> CompletionAnswer::take(const ResponseEvent& event) {
  const auto* failed = std::get_if<protocol::ResponseFailed>(&event);
  if (failed != nullptr && !is_stream_begun_) {
    co_return co_await exchange_.send_problem({protocol::error_name(failed->error.code),
                                               failed->error.message,
                                               failed->error.param.value_or("")});
  }
  if (is_stream_) co_return co_await take_streamed(event);
  writer_.add(event);
  if (is_final(event)) co_await exchange_.send_json(http::status::ok, writer_.body());
}

// The header waits for the first sign of an answer, so that a failure before it has its status.
asio::awaitable<void> CompletionAnswer::take_streamed(const ResponseEvent& event) {
  std::string text = writer_.stream_text(event);
  const bool is_sign = !std::holds_alternative<protocol::ResponseCreated>(event) &&
                       !std::holds_alternative<protocol::ResponseQueued>(event);
  if (is_sign && !is_stream_begun_) co_await begin_stream();
  if (!text.empty()) co_await write_chunk(std::move(text));
  if (is_final(event)) co_await finish();
}

asio::awaitable<void> CompletionAnswer::begin_stream() {
  is_stream_begun_ = true;
  auto header = exchange_.header_of(http::status::ok);
  header.set(http::field::content_type, "text/event-stream; charset=utf-8");
  header.set(http::field::cache_control, "no-cache");
  header.set("X-Accel-Buffering", "no");
  is_chunked_ = exchange_.request().version() >= 11;
  if (is_chunked_) {
    header.chunked(true);
  } else {
    exchange_.give_up();
    header.keep_alive(false);
  }
  co_await exchange_.send_header(header);
}

asio::awaitable<void> CompletionAnswer::write_chunk(std::string text) {
  if (is_chunked_) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", text.size());
    text.insert(0, size);
    text += "\r\n";
  }
  co_await exchange_.write(asio::buffer(text));
}

asio::awaitable<void> CompletionAnswer::finish() {
  constexpr std::string_view kLastChunk = "0\r\n\r\n";
  if (is_chunked_) co_await exchange_.write(asio::buffer(kLastChunk));
}

}  // namespace

asio::awaitable<void> answer_completion(Exchange& exchange) {
  const bool is_chat = exchange.route().endpoint == Endpoint::kChatCompletions;
  auto read = read_completion_request(is_chat ? CompletionKind::kChat : CompletionKind::kText,
                                      exchange.request().body());
  if (const auto* problem = std::get_if<Problem>(&read)) {
    co_return co_await exchange.send_problem(*problem);
  }
  const auto& request = std::get<CompletionRequest>(read);
  Broker& broker = exchange.state().broker;
  EventInbox inbox(exchange.stream().get_executor());
  const auto created = broker.create(request.create, inbox, /*is_resumable=*/false);
  if (const auto* problem = std::get_if<Problem>(&created)) {
    co_return co_await exchange.send_problem(*problem);
  }
  // Whatever happens from here on, the broker forgets the inbox before it goes.
  struct Detach {
    ~Detach() { broker.detach(inbox); }
    Broker& broker;
    EventInbox& inbox;
  } const detach{broker, inbox};
  DisconnectWatch watch(exchange.stream().socket(), [&inbox] { inbox.disconnect(); });
  CompletionAnswer answer(exchange, inbox, request);
  co_await answer.run();
  co_await watch.stop();
}

}  // namespace tessera::net
