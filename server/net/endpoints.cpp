#include "server/net/endpoints.h"

#include "server/session/secret.h"

namespace tessera::net {

using protocol::ErrorName;
using protocol::Problem;

namespace {

bool is_method_allowed(const Exchange& exchange) {
  const std::string_view allowed = allowed_methods(exchange.route().endpoint);
  switch (exchange.request().method()) {
    case http::verb::get: return allowed.starts_with("GET");
    case http::verb::head: return allowed.ends_with("HEAD");
    case http::verb::post: return allowed == "POST";
    default: return false;
  }
}

bool needs_api_key(Endpoint endpoint) {
  return endpoint == Endpoint::kChatCompletions || endpoint == Endpoint::kCompletions ||
         endpoint == Endpoint::kModels || endpoint == Endpoint::kModel;
}

bool has_api_key(const Exchange& exchange, const std::string& api_key) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view value = exchange.header(http::field::authorization);
  return value.size() > kScheme.size() && beast::iequals(value.substr(0, 7), kScheme) &&
         is_same_secret(value.substr(kScheme.size()), api_key);
}

std::optional<Problem> request_problem(Exchange& exchange) {
  const std::string target(std::string_view(exchange.request().target()).substr(0, 200));
  if (exchange.route().endpoint == Endpoint::kInvalid) {
    return Problem{ErrorName::kInvalidArgument, "the path " + target + " is malformed", {}};
  }
  if (!is_method_allowed(exchange)) {
    const std::string method(exchange.request().method_string().substr(0, 32));
    return Problem{ErrorName::kMethodNotAllowed, target + " does not take " + method, {}};
  }
  // A page of another site must not make this server work, even if it could not read the answer.
  if (exchange.request().method() == http::verb::post && !exchange.is_origin_allowed()) {
    return Problem{ErrorName::kForbiddenOrigin,
                   "requests from the web site " +
                       std::string(exchange.header(http::field::origin).substr(0, 200)) +
                       " are not allowed; the server's option --allow-origin adds one",
                   {}};
  }
  const std::string& api_key = exchange.state().options.api_key;
  if (!api_key.empty() && needs_api_key(exchange.route().endpoint) &&
      !has_api_key(exchange, api_key)) {
    return Problem{ErrorName::kUnauthorized,
                   "the header Authorization: Bearer with the server's API key is missing or wrong",
                   {}};
  }
  return std::nullopt;
}

asio::awaitable<void> answer_preflight(Exchange& exchange) {
  auto header = exchange.header_of(http::status::no_content);
  header.set(http::field::allow, allowed_methods(exchange.route().endpoint));
  if (exchange.is_origin_allowed()) {
    header.set(http::field::access_control_allow_methods, "GET, HEAD, POST, OPTIONS");
    header.set(http::field::access_control_allow_headers,
               exchange.header(http::field::access_control_request_headers));
    header.set(http::field::access_control_max_age, "86400");
  }
  co_await exchange.send_empty(std::move(header));
}

}  // namespace

asio::awaitable<void> answer_exchange(Exchange& exchange) {
  if (exchange.request().method() == http::verb::options) {
    co_return co_await answer_preflight(exchange);
  }
  if (const auto problem = request_problem(exchange)) {
    co_return co_await exchange.send_problem(*problem);
  }
  switch (exchange.route().endpoint) {
    case Endpoint::kChatCompletions:
    case Endpoint::kCompletions: co_return co_await answer_completion(exchange);
    case Endpoint::kModels: co_return co_await answer_models(exchange);
    case Endpoint::kModel: co_return co_await answer_model(exchange);
    case Endpoint::kModelIndex: co_return co_await answer_model_index(exchange);
    case Endpoint::kManifest: co_return co_await answer_manifest(exchange);
    case Endpoint::kShard: co_return co_await answer_shard(exchange);
    case Endpoint::kHealth: co_return co_await answer_health(exchange);
    case Endpoint::kMetrics: co_return co_await answer_metrics(exchange);
    case Endpoint::kStatic: co_return co_await answer_static(exchange);
    case Endpoint::kWebSocket:
    case Endpoint::kInvalid: break;
  }
  co_await exchange.send_problem(
      {ErrorName::kInvalidArgument, "this address takes WebSocket connections only", {}});
}

asio::awaitable<bool> refuse_upgrade(Exchange& exchange) {
  const ServerState& state = exchange.state();
  std::optional<Problem> problem;
  http::token_list subprotocols(exchange.header(http::field::sec_websocket_protocol));
  if (!exchange.is_origin_allowed()) {
    problem = Problem{ErrorName::kForbiddenOrigin,
                      "WebSocket connections from this web site are not allowed",
                      {}};
  } else if (!subprotocols.exists(protocol::kSubprotocol)) {
    problem = Problem{ErrorName::kInvalidArgument,
                      "the subprotocol " + std::string(protocol::kSubprotocol) +
                          " must be offered (Sec-WebSocket-Protocol)",
                      {}};
  } else if (state.broker.is_closing()) {
    problem = Problem{ErrorName::kServerClosing, "the server is shutting down", {}};
  } else if (state.sessions.size() >= protocol::kSessionsMax) {
    problem = Problem{ErrorName::kTooManySessions,
                      std::to_string(state.sessions.size()) + " sessions are open already",
                      {}};
  }
  if (!problem) co_return false;
  exchange.give_up();
  co_await exchange.send_problem(*problem);
  exchange.state().metrics.http_requests("websocket", exchange.status()).add();
  co_return true;
}

}  // namespace tessera::net
