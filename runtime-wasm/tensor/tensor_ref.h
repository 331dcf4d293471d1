// TensorRef: a typed, shaped window into memory that a backend owns. Copying one copies no data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "tensor/data_type.h"
#include "tensor/shape.h"

namespace tessera {

// Memory from Backend::allocate. `host` is null where the processor cannot reach it (a GPU).
struct BufferRef {
  std::uint32_t id = 0;
  std::size_t size_bytes = 0;
  std::byte* host = nullptr;
};

struct TensorRef {
  DataType type = DataType::kF32;
  Shape shape;
  BufferRef buffer;
  std::size_t offset_bytes = 0;

  bool is_empty() const { return shape.rank() == 0; }

  std::byte* host_bytes() const {
    TESSERA_CHECK(buffer.host != nullptr);
    return buffer.host + offset_bytes;
  }
  // All elements as T. REQUIRES: host memory, a row-major type, T of that type's size.
  template <typename T>
  std::span<T> host_span() const {
    return {reinterpret_cast<T*>(host_bytes()), static_cast<std::size_t>(shape.element_count())};
  }
};

}  // namespace tessera
