// Route: which part of the server a request is for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tessera {

enum class Endpoint {
  kWebSocket,        // GET /ws
  kChatCompletions,  // POST /v1/chat/completions
  kCompletions,      // POST /v1/completions
  kModels,           // GET /v1/models
  kModel,            // GET /v1/models/<name>
  kModelIndex,       // GET /models/index.json
  kManifest,         // GET /models/<name>/manifest.json
  kShard,            // GET /shards/<sha256>
  kHealth,           // GET /healthz
  kMetrics,          // GET /metrics
  kStatic,           // GET of anything else: a file of the page
  kInvalid,          // a path that cannot be decoded
};

struct Route {
  Endpoint endpoint = Endpoint::kInvalid;
  std::string name;  // the model, the hash, or the path of the file without its first slash
};

// `target` is the request's target: a path, percent-encoded, perhaps with a query.
Route route_of(std::string_view target);

// The methods that an endpoint takes, as in an Allow header, without OPTIONS.
std::string_view allowed_methods(Endpoint endpoint);

// A name for metrics and logs.
std::string_view endpoint_name(Endpoint endpoint);

// The decoded path; nothing if an escape is malformed or the path has a control character.
std::optional<std::string> decode_path(std::string_view path);

}  // namespace tessera
