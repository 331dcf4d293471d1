// ServerState: what all connections of a server share. One thread uses it, the event loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "server/broker/broker.h"
#include "server/http/static_site.h"
#include "server/metrics/server_metrics.h"
#include "server/models/model_catalog.h"
#include "server/net/beast.h"
#include "server/serve_options.h"
#include "server/session/peer_session.h"

namespace tessera::net {

class WebSocketSession;

struct ServerState {
  // `address` is where a browser finds the page.
  ServerState(ServeOptions serve_options, ModelCatalog models, const std::string& address,
              const std::string& version);

  const ServeOptions options;
  const ModelCatalog catalog;
  const StaticSite site;
  ServerMetrics metrics;
  SystemClock clock;
  SystemRandomSource random;
  Broker broker;
  SessionContext session_context;
  const std::uint64_t started_at;  // seconds since 1970
  asio::thread_pool file_threads;  // reads shards, so that a slow disk delays nobody else
  std::set<WebSocketSession*> sessions;
  std::size_t connection_count = 0;
  std::size_t exchange_count = 0;  // HTTP requests being answered
  std::uint64_t request_count = 0;
};

}  // namespace tessera::net
