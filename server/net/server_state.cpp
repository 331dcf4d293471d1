#include "server/net/server_state.h"

#include <utility>

namespace tessera::net {
namespace {

constexpr std::size_t kFileThreads = 2;

}  // namespace

ServerState::ServerState(ServeOptions serve_options, ModelCatalog models,
                         const std::string& address, const std::string& version)
    : options(std::move(serve_options)),
      catalog(std::move(models)),
      site(options.web),
      broker(BrokerOptions{catalog.names(), address, {}}, clock, random, metrics),
      session_context{broker, catalog, metrics, "tessera/" + version, options.api_key},
      started_at(clock.unix_seconds()),
      file_threads(kFileThreads) {}

}  // namespace tessera::net
