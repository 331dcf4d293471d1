// Serves one TCP connection: its HTTP requests one after another, or a WebSocket.
#pragma once

#include "server/net/beast.h"
#include "server/net/server_state.h"

namespace tessera::net {

// Returns when the connection ends. REQUIRES: the state outlives it.
asio::awaitable<void> serve_connection(tcp::socket socket, ServerState& state);

}  // namespace tessera::net
