#include "server/http/route.h"

#include <array>

namespace tessera {
namespace {

int hex_digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

// What stands between prefix and suffix, if the path has both and something in between.
std::optional<std::string> between(std::string_view path, std::string_view prefix,
                                   std::string_view suffix) {
  if (path.size() <= prefix.size() + suffix.size()) return std::nullopt;
  if (!path.starts_with(prefix) || !path.ends_with(suffix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  path.remove_suffix(suffix.size());
  return std::string(path);
}

struct FixedRoute {
  std::string_view path;
  Endpoint endpoint;
};

constexpr std::array kFixedRoutes = {
    FixedRoute{"/ws", Endpoint::kWebSocket},
    FixedRoute{"/v1/chat/completions", Endpoint::kChatCompletions},
    FixedRoute{"/v1/completions", Endpoint::kCompletions},
    FixedRoute{"/v1/models", Endpoint::kModels},
    FixedRoute{"/models/index.json", Endpoint::kModelIndex},
    FixedRoute{"/healthz", Endpoint::kHealth},
    FixedRoute{"/metrics", Endpoint::kMetrics},
};

}  // namespace

std::optional<std::string> decode_path(std::string_view path) {
  std::string decoded;
  for (std::size_t index = 0; index < path.size(); ++index) {
    char character = path[index];
    if (character == '%') {
      if (index + 2 >= path.size()) return std::nullopt;
      const int high = hex_digit(path[index + 1]);
      const int low = hex_digit(path[index + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      character = static_cast<char>(high * 16 + low);
      index += 2;
    }
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7f) return std::nullopt;
    decoded += character;
  }
  return decoded;
}

Route route_of(std::string_view target) {
  const auto path = decode_path(target.substr(0, target.find_first_of("?#")));
  if (!path || !path->starts_with('/')) return {};
  for (const FixedRoute& route : kFixedRoutes) {
    if (*path == route.path) return {route.endpoint, {}};
  }
  if (auto name = between(*path, "/v1/models/", "")) return {Endpoint::kModel, *name};
  if (auto name = between(*path, "/models/", "/manifest.json")) return {Endpoint::kManifest, *name};
  if (auto hash = between(*path, "/shards/", "")) return {Endpoint::kShard, *hash};
  return {Endpoint::kStatic, path->substr(1)};
}

std::string_view allowed_methods(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kChatCompletions:
    case Endpoint::kCompletions: return "POST";
    case Endpoint::kWebSocket: return "GET";
    default: return "GET, HEAD";
  }
}

std::string_view endpoint_name(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kWebSocket: return "websocket";
    case Endpoint::kChatCompletions: return "chat_completions";
    case Endpoint::kCompletions: return "completions";
    case Endpoint::kModels: return "models";
    case Endpoint::kModel: return "model";
    case Endpoint::kModelIndex: return "model_index";
    case Endpoint::kManifest: return "manifest";
    case Endpoint::kShard: return "shard";
    case Endpoint::kHealth: return "health";
    case Endpoint::kMetrics: return "metrics";
    case Endpoint::kStatic: return "static";
    case Endpoint::kInvalid: return "invalid";
  }
  return "invalid";
}

}  // namespace tessera
