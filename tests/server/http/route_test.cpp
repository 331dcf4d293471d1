#include "server/http/route.h"

#include <catch2/catch_test_macros.hpp>

#include "server/http/etag.h"
#include "server/http/origin.h"

namespace tessera {
namespace {

void check_route(std::string_view target, Endpoint endpoint, std::string_view name = "") {
  INFO(target);
  const Route route = route_of(target);
  CHECK(route.endpoint == endpoint);
  CHECK(route.name == name);
}

TEST_CASE("targets lead to their endpoints") {
  check_route("/", Endpoint::kStatic, "");
  check_route("/assets/a.js?v=1", Endpoint::kStatic, "assets/a.js");
  check_route("/ws", Endpoint::kWebSocket);
  check_route("/v1/chat/completions", Endpoint::kChatCompletions);
  check_route("/v1/completions?x", Endpoint::kCompletions);
  check_route("/v1/models", Endpoint::kModels);
  check_route("/v1/models/a%2Fb", Endpoint::kModel, "a/b");
  check_route("/models/index.json", Endpoint::kModelIndex);
  check_route("/models/my%20model/manifest.json", Endpoint::kManifest, "my model");
  check_route("/models//manifest.json", Endpoint::kStatic, "models//manifest.json");
  check_route("/shards/abc", Endpoint::kShard, "abc");
  check_route("/healthz", Endpoint::kHealth);
  check_route("/metrics", Endpoint::kMetrics);
}

TEST_CASE("targets that cannot be decoded are invalid") {
  for (const char* target : {"", "x", "*", "/%", "/%2", "/%zz", "/%00", "/a%0ab", "/\x7f"}) {
    check_route(target, Endpoint::kInvalid);
  }
}

TEST_CASE("entity tags match weakly, in lists, and by a star") {
  CHECK(matches_etag("\"a\"", "\"a\""));
  CHECK(matches_etag("W/\"a\"", "\"a\""));
  CHECK(matches_etag("\"x\" ,  \"a\"", "\"a\""));
  CHECK(matches_etag("*", "\"a\""));
  CHECK_FALSE(matches_etag("", "\"a\""));
  CHECK_FALSE(matches_etag("\"b\"", "\"a\""));
  CHECK_FALSE(matches_etag("a", "\"a\""));
}

TEST_CASE("another web site needs to be allowed") {
  const std::vector<std::string> nobody;
  CHECK(is_origin_allowed("", "host:1", nobody));
  CHECK(is_origin_allowed("http://host:1", "host:1", nobody));
  CHECK(is_origin_allowed("https://host", "host", nobody));
  CHECK_FALSE(is_origin_allowed("http://host:2", "host:1", nobody));
  CHECK_FALSE(is_origin_allowed("http://evil", "host:1", nobody));
  CHECK_FALSE(is_origin_allowed("null", "host:1", nobody));
  CHECK(is_origin_allowed("http://friend", "host:1", {"http://friend"}));
  CHECK(is_origin_allowed("null", "host:1", {"*"}));
}

}  // namespace
}  // namespace tessera
