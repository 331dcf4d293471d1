#include "server/metrics/server_metrics.h"

namespace tessera {
namespace {

const std::vector<double> kFirstTokenBounds = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
const std::vector<double> kInterTokenBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                               0.1,   0.25,   0.5,   1,    2.5};

Counter& sent_bytes(Registry& registry, const char* kind) {
  return registry.counter("tessera_sent_bytes_total", "Bytes sent, by kind", {{"kind", kind}});
}

Counter& tokens(Registry& registry, const char* kind) {
  return registry.counter("tessera_tokens_total", "Tokens of finished responses, by kind",
                          {{"kind", kind}});
}

}  // namespace

ServerMetrics::ServerMetrics()
    : prompt_tokens(tokens(registry_, "prompt")),
      completion_tokens(tokens(registry_, "completion")),
      time_to_first_token_s(registry_.histogram("tessera_time_to_first_token_seconds",
                                                "From response.create to the first token",
                                                kFirstTokenBounds)),
      inter_token_s(registry_.histogram("tessera_inter_token_seconds",
                                        "Time between tokens of a response", kInterTokenBounds)),
      queue_length(registry_.gauge("tessera_queue_length", "Responses waiting for a runner")),
      responses_running(registry_.gauge("tessera_responses_running", "Responses at a runner")),
      runners_ready(registry_.gauge("tessera_runners_ready", "Runners that take responses")),
      runners_lost(registry_.counter("tessera_runners_lost_total", "Runners lost in mid-answer")),
      slow_consumers_cut(registry_.counter("tessera_slow_consumers_cut_total",
                                           "Connections cut because they read too slowly")),
      connections(registry_.gauge("tessera_connections", "Open TCP connections")),
      static_bytes(sent_bytes(registry_, "static")),
      shard_http_bytes(sent_bytes(registry_, "shard_http")),
      shard_websocket_bytes(sent_bytes(registry_, "shard_websocket")) {}

Counter& ServerMetrics::http_requests(std::string_view route, unsigned status) {
  return registry_.counter("tessera_http_requests_total", "HTTP requests, by route and status",
                           {{"route", std::string(route)}, {"status", std::to_string(status)}});
}

Counter& ServerMetrics::responses(std::string_view outcome) {
  return registry_.counter("tessera_responses_total", "Responses ended, by outcome",
                           {{"outcome", std::string(outcome)}});
}

Gauge& ServerMetrics::sessions(std::string_view role) {
  return registry_.gauge("tessera_sessions", "WebSocket sessions, by role",
                         {{"role", std::string(role)}});
}

}  // namespace tessera
