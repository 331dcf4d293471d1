// Range headers and request targets: a part lies inside the file, a path has no control characters.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "server/http/etag.h"
#include "server/http/http_range.h"
#include "server/http/route.h"
#include "server/http/static_site.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tessera;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::uint64_t size_bytes : {0ull, 1ull, 1000ull, ~0ull}) {
    const HttpRange range = parse_http_range(text, size_bytes);
    if (range.kind != RangeKind::kPart) continue;
    TESSERA_CHECK(range.first <= range.last && range.last < size_bytes);
  }
  const Route route = route_of(text);
  for (const char character : route.name) {
    TESSERA_CHECK(static_cast<unsigned char>(character) >= 0x20);
  }
  accepts_encoding(text, "br");
  matches_etag(text, "\"tag\"");
  StaticSite("/nonexistent").find(text, text);
  return 0;
}
