// Token texts and their ids, both ways. The texts lie one after the other in one buffer, and the
// index over them holds ids alone: some 12 bytes a token beside its text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tessera {

// Ids must be below this; vocabularies in use end near 2^18.
inline constexpr std::int64_t kTokenIdMax = (1 << 22) - 1;
inline constexpr std::int32_t kNoToken = -1;

class Vocabulary {
 public:
  // Ids may come in any order and have gaps. Errors: kInvalidFile for an id out of range or used
  // twice.
  Result<void> add(std::string_view token, std::int64_t id);

  // Builds the index; required after the last `add` and before `find`. Errors: kInvalidFile for a
  // text that occurs twice.
  Result<void> build_index();

  // The id of `token`, or kNoToken.
  std::int32_t find(std::string_view token) const noexcept;

  bool contains(std::int32_t id) const noexcept {
    return id >= 0 && id < end_id() && entries_[static_cast<std::size_t>(id)].is_used;
  }
  // REQUIRES: contains(id).
  std::string_view token(std::int32_t id) const noexcept {
    const Entry& entry = entries_[static_cast<std::size_t>(id)];
    return std::string_view(text_).substr(entry.offset, entry.size_bytes);
  }

  // One more than the largest id.
  std::int32_t end_id() const noexcept { return static_cast<std::int32_t>(entries_.size()); }
  std::size_t count() const noexcept { return count_; }

 private:
  struct Entry {
    std::uint32_t offset = 0;
    std::uint32_t size_bytes : 31 = 0;
    std::uint32_t is_used : 1 = 0;
  };
  static_assert(sizeof(Entry) == 8);

  std::string text_;
  std::vector<Entry> entries_;       // by id
  std::vector<std::int32_t> slots_;  // open addressing, a power of two; kNoToken is free
  std::size_t count_ = 0;
};

}  // namespace tessera
