// RandomAccessFile: a file opened for reading at any offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "package/byte_source.h"

namespace tessera {

class RandomAccessFile : public ByteSource {
 public:
  // Errors: kNotFound, or kIo for anything else than a readable regular file.
  static Result<RandomAccessFile> open(std::string path);

  RandomAccessFile(RandomAccessFile&& other) noexcept;
  RandomAccessFile& operator=(RandomAccessFile&& other) noexcept;
  ~RandomAccessFile() override;

  const std::string& path() const { return path_; }
  std::uint64_t size_bytes() const override { return size_bytes_; }

  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override;

 private:
  RandomAccessFile(std::string path, int descriptor, std::uint64_t size_bytes)
      : path_(std::move(path)), descriptor_(descriptor), size_bytes_(size_bytes) {}

  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_bytes_ = 0;
};

// The whole file as text. Errors: as open and read; kInvalidFile above size_bytes_max.
Result<std::string> read_text_file(const std::string& path, std::size_t size_bytes_max);

}  // namespace tessera
