// Entity tags (RFC 9110, section 8.8.3) in If-None-Match and If-Range.
#pragma once

#include <string_view>

namespace tessera {

// Whether a header such as `"a", W/"b"` or `*` names the tag; weak comparison.
bool matches_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace tessera
