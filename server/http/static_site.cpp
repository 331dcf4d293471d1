#include "server/http/static_site.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <utility>

namespace tessera {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kContentTypes{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".wasm", "application/wasm"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/markdown; charset=utf-8"},
    {".jinja", "text/plain; charset=utf-8"},
    {".wgsl", "text/plain; charset=utf-8"},
}};

// Every segment is a plain name: none is empty, hidden, "." or "..", or has a backslash.
bool is_plain_path(std::string_view path) {
  while (true) {
    const auto slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment.empty() || segment.front() == '.' || segment.find('\\') != std::string_view::npos)
      return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_file(const std::string& path, struct stat& status) {
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool is_folder(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Changes when the file is written anew: from its size, time and inode.
std::string etag_of(const struct stat& status, std::string_view encoding) {
  char text[96];
  std::snprintf(text, sizeof text, "\"%llx-%llx-%llx-%.*s\"",
                static_cast<unsigned long long>(status.st_size),
                static_cast<unsigned long long>(status.st_mtim.tv_sec) * 1000000000ULL +
                    static_cast<unsigned long long>(status.st_mtim.tv_nsec),
                static_cast<unsigned long long>(status.st_ino), static_cast<int>(encoding.size()),
                encoding.data());
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](unsigned char one, unsigned char other) {
    return std::tolower(one) == std::tolower(other);
  });
}

// Whether the parameters of a coding give it a weight of zero: ";q=0", ";q=0.0".
bool is_refused(std::string_view parameters) {
  const auto q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  return trimmed(parameters.substr(q + 2)).find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

std::string_view content_type_of(std::string_view path) {
  for (const auto& [extension, type] : kContentTypes) {
    if (path.ends_with(extension)) return type;
  }
  return "application/octet-stream";
}

bool accepts_encoding(std::string_view accept_encoding, std::string_view coding) {
  bool accepts_any = false;
  while (!accept_encoding.empty()) {
    const auto comma = accept_encoding.find(',');
    const std::string_view item = accept_encoding.substr(0, comma);
    accept_encoding = comma == std::string_view::npos ? "" : accept_encoding.substr(comma + 1);
    const auto semicolon = item.find(';');
    const std::string_view name = trimmed(item.substr(0, semicolon));
    const bool is_accepted =
        semicolon == std::string_view::npos || !is_refused(item.substr(semicolon));
    if (equals_ignoring_case(name, coding)) return is_accepted;
    if (name == "*") accepts_any = is_accepted;
  }
  return accepts_any;
}

std::optional<StaticFile> StaticSite::find(std::string_view path,
                                           std::string_view accept_encoding) const {
  if (folder_.empty()) return std::nullopt;
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!path.empty() && !is_plain_path(path)) return std::nullopt;
  std::string name = path.empty() ? folder_ : folder_ + '/' + std::string(path);
  if (is_folder(name)) name += "/index.html";
  struct stat status{};
  if (!is_file(name, status)) return std::nullopt;

  StaticFile file;
  file.content_type = content_type_of(name);
  file.cache_control =
      path.starts_with("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kSiblings{
      {{"br", ".br"}, {"gzip", ".gz"}}};
  for (const auto& [coding, extension] : kSiblings) {
    const std::string sibling = name + std::string(extension);
    struct stat sibling_status{};
    if (!accepts_encoding(accept_encoding, coding) || !is_file(sibling, sibling_status)) continue;
    // A sibling older than the file belongs to an earlier build.
    if (sibling_status.st_mtim.tv_sec < status.st_mtim.tv_sec) continue;
    file.content_encoding = coding;
    name = sibling;
    status = sibling_status;
    break;
  }
  file.path = name;
  file.size_bytes = static_cast<std::uint64_t>(status.st_size);
  file.etag = etag_of(status, file.content_encoding);
  return file;
}

}  // namespace tessera
