// Which web sites may use the server: those it serves itself, and those it was told of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tessera {

// `origin` and `host` are the headers of a request; `allowed` holds origins, or "*" for all.
// A request without Origin does not come from another site's page.
inline bool is_origin_allowed(std::string_view origin, std::string_view host,
                              const std::vector<std::string>& allowed) {
  if (origin.empty()) return true;
  for (const std::string& one : allowed) {
    if (one == "*" || one == origin) return true;
  }
  const auto scheme_end = origin.find("://");
  return scheme_end != std::string_view::npos && origin.substr(scheme_end + 3) == host;
}

}  // namespace tessera
