// ServerMetrics: every number that the server keeps about itself, by name.
#pragma once

#include <string_view>

#include "server/metrics/registry.h"

namespace tessera {

class ServerMetrics {
 public:
  ServerMetrics();

  // route: a name of server/http/route.h, never the path itself.
  Counter& http_requests(std::string_view route, unsigned status);
  // outcome: stop, length, cancelled, or an error code of the protocol.
  Counter& responses(std::string_view outcome);
  // role: runner or client.
  Gauge& sessions(std::string_view role);

  std::string text() const { return registry_.text(); }

 private:
  Registry registry_;

 public:
  Counter& prompt_tokens;
  Counter& completion_tokens;
  Histogram& time_to_first_token_s;
  Histogram& inter_token_s;
  Gauge& queue_length;
  Gauge& responses_running;
  Gauge& runners_ready;
  Counter& runners_lost;
  Counter& slow_consumers_cut;
  Gauge& connections;
  Counter& static_bytes;
  Counter& shard_http_bytes;
  Counter& shard_websocket_bytes;
};

}  // namespace tessera
