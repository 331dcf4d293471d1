// Endpoints that send files: the page, shards, manifests.
#include "server/http/etag.h"
#include "server/http/http_range.h"
#include "server/net/endpoints.h"

namespace tessera::net {

using protocol::ErrorName;

namespace {

constexpr std::string_view kNoPage =
    "<!doctype html><meta charset=utf-8><title>Tessera</title>"
    "<p>The server runs, but it has no page to show: build it (npm run build) and start the server "
    "with <code>--web dist</code>.";

asio::awaitable<void> send_not_modified(Exchange& exchange, std::string_view etag,
                                        std::string_view cache_control) {
  auto header = exchange.header_of(http::status::not_modified);
  header.set(http::field::etag, etag);
  header.set(http::field::cache_control, cache_control);
  co_await exchange.send_empty(std::move(header));
}

asio::awaitable<void> send_missing(Exchange& exchange) {
  if (exchange.route().name.empty()) {
    co_return co_await exchange.send_text(exchange.header_of(http::status::not_found), "text/html",
                                          std::string(kNoPage));
  }
  co_await exchange.send_problem(
      {ErrorName::kNotFound, "there is no file " + exchange.route().name.substr(0, 200), {}});
}

}  // namespace

asio::awaitable<void> answer_static(Exchange& exchange) {
  const auto file = exchange.state().site.find(exchange.route().name,
                                               exchange.header(http::field::accept_encoding));
  if (!file) co_return co_await send_missing(exchange);
  if (matches_etag(exchange.header(http::field::if_none_match), file->etag)) {
    co_return co_await send_not_modified(exchange, file->etag, file->cache_control);
  }
  auto header = exchange.header_of(http::status::ok);
  header.set(http::field::content_type, file->content_type);
  header.set(http::field::cache_control, file->cache_control);
  header.set(http::field::etag, file->etag);
  header.set(http::field::vary, "Accept-Encoding, Origin");
  if (!file->content_encoding.empty()) {
    header.set(http::field::content_encoding, file->content_encoding);
  }
  FileBody body;
  body.path = file->path;
  body.size_bytes = file->size_bytes;
  body.sent_bytes = &exchange.state().metrics.static_bytes;
  co_await exchange.send_file(std::move(header), std::move(body));
}

asio::awaitable<void> answer_shard(Exchange& exchange) {
  const CatalogShard* shard = exchange.state().catalog.find_shard(exchange.route().name);
  if (shard == nullptr) {
    co_return co_await exchange.send_problem(
        {ErrorName::kShardNotFound,
         "there is no shard " + exchange.route().name.substr(0, 64),
         {}});
  }
  constexpr std::string_view kForEver = "public, max-age=31536000, immutable";
  const std::string etag = '"' + exchange.route().name + '"';
  if (matches_etag(exchange.header(http::field::if_none_match), etag)) {
    co_return co_await send_not_modified(exchange, etag, kForEver);
  }
  const std::string_view if_range = exchange.header(http::field::if_range);
  HttpRange range;
  if (if_range.empty() || if_range == etag) {
    range = parse_http_range(exchange.header(http::field::range), shard->size_bytes);
  }
  const std::string size = std::to_string(shard->size_bytes);
  if (range.kind == RangeKind::kUnsatisfiable) {
    auto header = exchange.header_of(http::status::range_not_satisfiable);
    header.set(http::field::content_range, "bytes */" + size);
    co_return co_await exchange.send_empty(std::move(header));
  }
  const bool is_part = range.kind == RangeKind::kPart;
  auto header = exchange.header_of(is_part ? http::status::partial_content : http::status::ok);
  header.set(http::field::content_type, "application/octet-stream");
  header.set(http::field::cache_control, kForEver);
  header.set(http::field::etag, etag);
  header.set(http::field::accept_ranges, "bytes");
  FileBody body{shard->path, 0, shard->size_bytes, &exchange.state().metrics.shard_http_bytes,
                true};
  if (is_part) {
    body.offset = range.first;
    body.size_bytes = range.last - range.first + 1;
    header.set(http::field::content_range, "bytes " + std::to_string(range.first) + "-" +
                                               std::to_string(range.last) + "/" + size);
  }
  co_await exchange.send_file(std::move(header), std::move(body));
}

asio::awaitable<void> answer_manifest(Exchange& exchange) {
  const CatalogModel* model = exchange.state().catalog.find_model(exchange.route().name);
  if (model == nullptr) {
    co_return co_await exchange.send_problem(
        {ErrorName::kModelNotFound,
         "no model is called " + exchange.route().name.substr(0, 200),
         {}});
  }
  if (matches_etag(exchange.header(http::field::if_none_match), model->manifest_etag)) {
    co_return co_await send_not_modified(exchange, model->manifest_etag, "no-cache");
  }
  auto header = exchange.header_of(http::status::ok);
  header.set(http::field::cache_control, "no-cache");
  header.set(http::field::etag, model->manifest_etag);
  co_await exchange.send_text(std::move(header), "application/json",
                              model->package.manifest_text());
}

}  // namespace tessera::net
