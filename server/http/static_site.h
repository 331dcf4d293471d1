// StaticSite: the files of the web page in one folder, as HTTP sends them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tessera {

// A file to send. Valid for as long as the file stays as it is.
struct StaticFile {
  std::string path;
  std::uint64_t size_bytes = 0;
  std::string_view content_type;
  std::string_view content_encoding;  // "br", "gzip", or empty
  std::string_view cache_control;
  std::string etag;
};

class StaticSite {
 public:
  // An empty folder name is a site without files.
  explicit StaticSite(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }

  // The file at a decoded path without its first slash ("" and folders: their index.html), or the
  // precompressed sibling (.br, .gz) that the client accepts. Nothing if there is no such file, or
  // if the path leaves the folder or names a hidden file.
  std::optional<StaticFile> find(std::string_view path, std::string_view accept_encoding) const;

 private:
  std::string folder_;
};

// The type by the name's extension; application/octet-stream if nobody knows it.
std::string_view content_type_of(std::string_view path);

// Whether an Accept-Encoding header takes a coding ("br", "gzip"): named, or "*", with q above 0.
bool accepts_encoding(std::string_view accept_encoding, std::string_view coding);

}  // namespace tessera
