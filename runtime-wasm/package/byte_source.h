// ByteSource: bytes that can be read at any offset, a file or memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "base/result.h"

namespace tessera {

class ByteSource {
 public:
  virtual ~ByteSource() = default;

  virtual std::uint64_t size_bytes() const = 0;

  // Fills `out` from `offset` on. Errors: kInvalidFile if the source ends before that, kIo.
  virtual Result<void> read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

// Memory of the caller's.
class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::uint64_t size_bytes() const override { return bytes_.size(); }

  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset) {
      return Error{ErrorCode::kInvalidFile, "ends at byte " + std::to_string(bytes_.size()) + ", " +
                                                std::to_string(out.size()) +
                                                " more were expected at " + std::to_string(offset)};
    }
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return {};
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace tessera
