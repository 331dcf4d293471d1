// TensorArena: tensors that a model allocates for itself and gives back together.
#pragma once

#include <span>
#include <vector>

#include "backends/backend.h"
#include "base/result.h"
#include "tensor/tensor_ref.h"

namespace tessera {

class TensorArena {
 public:
  explicit TensorArena(Backend& backend) : backend_(backend) {}
  TensorArena(const TensorArena&) = delete;
  TensorArena& operator=(const TensorArena&) = delete;
  ~TensorArena();

  // Errors: kOutOfMemory.
  Result<TensorRef> allocate(DataType type, const Shape& shape, MemoryPurpose purpose);

  // Gives one tensor's memory back before the others'.
  void release(const TensorRef& tensor);

 private:
  Backend& backend_;
  std::vector<BufferRef> buffers_;
};

// The first `rows` rows of a row-major tensor, as [rows, …].
TensorRef first_rows(const TensorRef& tensor, std::int64_t rows);

// One row of a row-major tensor, as [1, …].
TensorRef single_row(const TensorRef& tensor, std::int64_t row);

// The same memory under another shape with as many elements.
TensorRef reshaped(const TensorRef& tensor, const Shape& shape);

}  // namespace tessera
