// Scratch: working memory of one op at a time. It grows to the largest need and is then kept, so
// that a model that has run once takes no more.
#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"

namespace tessera {

class Scratch {
 public:
  using Take = std::function<Result<std::byte*>(std::size_t size_bytes)>;
  using GiveBack = std::function<void(std::byte* memory, std::size_t size_bytes)>;

  Scratch(Take take, GiveBack give_back)
      : take_(std::move(take)), give_back_(std::move(give_back)) {}
  ~Scratch() { clear(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // 64-byte aligned memory of at least this size, valid until the next call; its content is not
  // specified. Errors: kOutOfMemory.
  Result<std::byte*> reserve(std::size_t size_bytes) {
    if (size_bytes <= size_bytes_) return memory_;
    clear();
    TESSERA_TRY(memory_, take_(size_bytes));
    size_bytes_ = size_bytes;
    return memory_;
  }

 private:
  void clear() {
    if (memory_ != nullptr) give_back_(memory_, size_bytes_);
    memory_ = nullptr;
    size_bytes_ = 0;
  }

  Take take_;
  GiveBack give_back_;
  std::byte* memory_ = nullptr;
  std::size_t size_bytes_ = 0;
};

}  // namespace tessera
