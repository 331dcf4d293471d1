// The endpoints of the HTTP server. Each sends a whole answer.
#pragma once

#include "server/net/exchange.h"

namespace tessera::net {

// Finds the endpoint by path and method, checks origin and API key, and answers.
asio::awaitable<void> answer_exchange(Exchange& exchange);

// Whether an upgrade to a WebSocket has to be refused; the refusal is sent.
asio::awaitable<bool> refuse_upgrade(Exchange& exchange);

asio::awaitable<void> answer_static(Exchange& exchange);
asio::awaitable<void> answer_shard(Exchange& exchange);
asio::awaitable<void> answer_manifest(Exchange& exchange);
asio::awaitable<void> answer_model_index(Exchange& exchange);
asio::awaitable<void> answer_models(Exchange& exchange);
asio::awaitable<void> answer_model(Exchange& exchange);
asio::awaitable<void> answer_health(Exchange& exchange);
asio::awaitable<void> answer_metrics(Exchange& exchange);
// POST /v1/chat/completions and /v1/completions, streamed or not.
asio::awaitable<void> answer_completion(Exchange& exchange);

}  // namespace tessera::net
