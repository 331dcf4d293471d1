// ServeOptions: what `tessera serve` was asked for, on the command line or in a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tessera {

struct ServeOptions {
  std::vector<std::string> models;  // package directories
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any that is free
  std::string web;            // folder of the built page; empty: none
  std::string api_key;        // empty: none is asked for
  std::vector<std::string> allow_origins;
  std::string log_level = "info";
};

// Sets the options that a configuration file names:
//   {"model": ["packages/story15m"], "host": "127.0.0.1", "port": 8080, "web": "dist",
//    "api_key": "…", "allow_origin": ["https://example.org"], "log_level": "info"}
// `model` and `allow_origin` may be a single string. Errors: kInvalidFile naming the member; a
// member that is none of these is one.
Result<void> read_serve_options(std::string_view json, ServeOptions& options);

}  // namespace tessera
