// FileReader: reads pieces of one open file, on the file threads or at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "server/net/beast.h"

namespace tessera::net {

class FileReader {
 public:
  // `is_open` is false if the file cannot be opened.
  explicit FileReader(const std::string& path);
  ~FileReader();
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  // Fills `out` with the bytes from `offset` on; false if the file has fewer or cannot be read.
  bool read(std::uint64_t offset, std::span<std::byte> out) const;
  // The same on another thread. REQUIRES: reader and `out` live until it returns.
  asio::awaitable<bool> read_on(asio::thread_pool& threads, std::uint64_t offset,
                                std::span<std::byte> out) const;

 private:
  int descriptor_;
};

}  // namespace tessera::net
