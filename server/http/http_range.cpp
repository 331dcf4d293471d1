#include "server/http/http_range.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace tessera {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Decimal digits only; what does not fit counts as the largest number.
std::optional<std::uint64_t> parse_digits(std::string_view text) {
  const auto is_digit = [](char character) { return character >= '0' && character <= '9'; };
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc()) return std::numeric_limits<std::uint64_t>::max();
  return value;
}

bool starts_with_bytes_unit(std::string_view header) {
  constexpr std::string_view kUnit = "bytes=";
  if (header.size() < kUnit.size()) return false;
  return std::ranges::equal(header.substr(0, kUnit.size()), kUnit, [](char given, char expected) {
    return given == expected || (given >= 'A' && given <= 'Z' && given - 'A' + 'a' == expected);
  });
}

}  // namespace

HttpRange parse_http_range(std::string_view header, std::uint64_t size_bytes) {
  header = trimmed(header);
  if (!starts_with_bytes_unit(header)) return {};
  const std::string_view range = trimmed(header.substr(6));
  const auto dash = range.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view first_text = range.substr(0, dash);
  const auto first = parse_digits(first_text);
  const auto last = parse_digits(range.substr(dash + 1));
  const bool has_last = dash + 1 < range.size();
  if (has_last && !last) return {};

  if (first_text.empty()) {  // the last bytes
    if (!last) return {};
    if (*last == 0 || size_bytes == 0) return {RangeKind::kUnsatisfiable, 0, 0};
    return {RangeKind::kPart, size_bytes - std::min(*last, size_bytes), size_bytes - 1};
  }
  if (!first || (last && *last < *first)) return {};
  if (*first >= size_bytes) return {RangeKind::kUnsatisfiable, 0, 0};
  return {RangeKind::kPart, *first, std::min(last.value_or(size_bytes - 1), size_bytes - 1)};
}

}  // namespace tessera
