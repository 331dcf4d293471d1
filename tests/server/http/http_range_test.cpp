#include "server/http/http_range.h"

#include <catch2/catch_test_macros.hpp>

namespace tessera {
namespace {

void check_part(std::string_view header, std::uint64_t size, std::uint64_t first,
                std::uint64_t last) {
  INFO(header);
  const HttpRange range = parse_http_range(header, size);
  REQUIRE(range.kind == RangeKind::kPart);
  CHECK(range.first == first);
  CHECK(range.last == last);
}

TEST_CASE("single byte ranges are understood") {
  check_part("bytes=0-0", 10, 0, 0);
  check_part("bytes=2-5", 10, 2, 5);
  check_part("bytes=9-", 10, 9, 9);
  check_part("bytes=0-99", 10, 0, 9);
  check_part("bytes=-1", 10, 9, 9);
  check_part("bytes=-99", 10, 0, 9);
  check_part("  Bytes= 1-2 ", 10, 1, 2);
  check_part("bytes=0-99999999999999999999999999", 10, 0, 9);
}

TEST_CASE("ranges outside the file cannot be satisfied") {
  for (const char* header :
       {"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-"}) {
    INFO(header);
    CHECK(parse_http_range(header, 10).kind == RangeKind::kUnsatisfiable);
  }
  CHECK(parse_http_range("bytes=0-", 0).kind == RangeKind::kUnsatisfiable);
  CHECK(parse_http_range("bytes=-1", 0).kind == RangeKind::kUnsatisfiable);
}

TEST_CASE("malformed ranges and lists of ranges are ignored") {
  for (const char* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-b", "bytes=5-2", "bytes=0-1,3-4",
        "items=0-1", "bytes=+1-2", "bytes=0x1-2", "bytes 0-1", "bytes=1 -2", "bytes=--1"}) {
    INFO(header);
    CHECK(parse_http_range(header, 10).kind == RangeKind::kWhole);
  }
}

}  // namespace
}  // namespace tessera
