// Endpoints that say what the server has and how it is.
#include "protocol/write_message.h"
#include "server/net/endpoints.h"
#include "server/openai/model_list.h"

namespace tessera::net {

using protocol::ErrorName;

asio::awaitable<void> answer_model_index(Exchange& exchange) {
  const ServerState& state = exchange.state();
  JsonWriter json;
  json.begin_array();
  for (const protocol::WireModel& model : wire_models(state.catalog, state.broker)) {
    protocol::write_object(json, model);
  }
  json.end_array();
  co_await exchange.send_json(http::status::ok, std::move(json).take());
}

asio::awaitable<void> answer_models(Exchange& exchange) {
  const ServerState& state = exchange.state();
  co_await exchange.send_json(
      http::status::ok,
      model_list_body(wire_models(state.catalog, state.broker), state.started_at));
}

asio::awaitable<void> answer_model(Exchange& exchange) {
  const ServerState& state = exchange.state();
  const CatalogModel* model = state.catalog.find_model(exchange.route().name);
  if (model == nullptr) {
    co_return co_await exchange.send_problem(
        {ErrorName::kModelNotFound, "no model is called " + exchange.route().name.substr(0, 200),
         "model"});
  }
  co_await exchange.send_json(http::status::ok, model_object_body(model->wire, state.started_at));
}

asio::awaitable<void> answer_health(Exchange& exchange) {
  const bool is_closing = exchange.state().broker.is_closing();
  co_await exchange.send_json(is_closing ? http::status::service_unavailable : http::status::ok,
                              is_closing ? R"({"status":"closing"})" : R"({"status":"ok"})");
}

asio::awaitable<void> answer_metrics(Exchange& exchange) {
  ServerState& state = exchange.state();
  state.broker.publish_gauges();
  state.metrics.connections.set(static_cast<double>(state.connection_count));
  auto header = exchange.header_of(http::status::ok);
  header.set(http::field::cache_control, "no-store");
  co_await exchange.send_text(std::move(header), "text/plain; version=0.0.4; charset=utf-8",
                              state.metrics.text());
}

}  // namespace tessera::net
