// The Range header of RFC 9110, section 14: one byte range.
#pragma once

#include <cstdint>
#include <string_view>

namespace tessera {

enum class RangeKind {
  kWhole,          // no range, or a header that must be ignored: 200
  kPart,           // 206
  kUnsatisfiable,  // 416
};

struct HttpRange {
  RangeKind kind = RangeKind::kWhole;
  std::uint64_t first = 0;  // with kPart: bytes first to last, both included
  std::uint64_t last = 0;
};

// What to send of `size_bytes` bytes. Other units, malformed headers and lists of several ranges
// are ignored, as the RFC allows.
HttpRange parse_http_range(std::string_view header, std::uint64_t size_bytes);

}  // namespace tessera
