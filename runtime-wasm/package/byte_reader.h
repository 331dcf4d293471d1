// ByteReader: reads little-endian numbers and strings one after another from a ByteSource, through
// a buffer of fixed size.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "package/byte_source.h"
#include "package/little_endian.h"

namespace tessera {

class ByteReader {
 public:
  // REQUIRES: `source` outlives the reader.
  explicit ByteReader(const ByteSource& source) : source_(source) {}

  std::uint64_t offset() const { return offset_; }
  std::uint64_t remaining_bytes() const { return source_.size_bytes() - offset_; }

  // Errors of each: kInvalidFile at the end of the source, kIo.
  template <typename T>
  Result<T> number() {
    TESSERA_TRY_VOID(buffer(sizeof(T)));
    const T value = read_little_endian<T>(buffer_.data() + (offset_ - buffer_offset_));
    offset_ += sizeof(T);
    return value;
  }

  Result<std::string> string(std::uint64_t size_bytes) {
    if (size_bytes > remaining_bytes()) return cut_off(size_bytes);
    std::string text(static_cast<std::size_t>(size_bytes), '\0');
    if (text.size() <= kBufferSizeBytes) {
      TESSERA_TRY_VOID(buffer(text.size()));
      std::memcpy(text.data(), buffer_.data() + (offset_ - buffer_offset_), text.size());
    } else {
      TESSERA_TRY_VOID(
          source_.read(offset_, std::as_writable_bytes(std::span(text.data(), text.size()))));
    }
    offset_ += size_bytes;
    return text;
  }

  Result<void> skip(std::uint64_t size_bytes) {
    if (size_bytes > remaining_bytes()) return cut_off(size_bytes);
    offset_ += size_bytes;
    return {};
  }

 private:
  static constexpr std::size_t kBufferSizeBytes = 1u << 16;

  Error cut_off(std::uint64_t size_bytes) const {
    return Error{ErrorCode::kInvalidFile, "cut off or damaged: " + std::to_string(size_bytes) +
                                              " bytes were expected at " + std::to_string(offset_) +
                                              ", " + std::to_string(remaining_bytes()) +
                                              " are left"};
  }

  // Makes [offset_, offset_ + size) lie in the buffer. REQUIRES: size <= kBufferSizeBytes.
  Result<void> buffer(std::size_t size) {
    if (size > remaining_bytes()) return cut_off(size);
    if (offset_ >= buffer_offset_ && offset_ + size <= buffer_offset_ + buffer_.size()) return {};
    buffer_offset_ = offset_;
    buffer_.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(kBufferSizeBytes, remaining_bytes())));
    return source_.read(offset_, buffer_);
  }

  const ByteSource& source_;
  std::uint64_t offset_ = 0;
  std::uint64_t buffer_offset_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace tessera
