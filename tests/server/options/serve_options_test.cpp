#include "server/serve_options.h"

#include <catch2/catch_test_macros.hpp>

namespace tessera {
namespace {

TEST_CASE("a configuration file sets the options it names and leaves the others") {
  ServeOptions options;
  options.host = "0.0.0.0";
  const auto result = read_serve_options(
      R"({"model":["a","b"],"port":0,"web":"dist","api_key":"k","allow_origin":"*","log_level":"debug"})",
      options);
  REQUIRE(result);
  CHECK(options.models == std::vector<std::string>{"a", "b"});
  CHECK(options.host == "0.0.0.0");
  CHECK(options.port == 0);
  CHECK(options.web == "dist");
  CHECK(options.api_key == "k");
  CHECK(options.allow_origins == std::vector<std::string>{"*"});
  CHECK(options.log_level == "debug");
}

TEST_CASE("a configuration file that is wrong is refused with the place") {
  const auto message = [](const char* json) {
    ServeOptions options;
    const auto result = read_serve_options(json, options);
    return result ? std::string() : result.error().message;
  };
  CHECK(message(R"({"port":65536})").find("port") == 0);
  CHECK(message(R"({"port":"80"})").find("port") == 0);
  CHECK(message(R"({"model":7})").find("model") == 0);
  CHECK(message(R"({"model":["a",7]})").find("model[1]") == 0);
  CHECK(message(R"({"prot":80})").find("prot") == 0);
  CHECK_FALSE(message("[]").empty());
  CHECK_FALSE(message("{").empty());
}

}  // namespace
}  // namespace tessera
