#include "model/tensor_arena.h"

#include <algorithm>
#include <array>

namespace tessera {
namespace {

Shape with_rows(const Shape& shape, std::int64_t rows) {
  std::array<std::int64_t, kRankMax> dims{};
  std::copy(shape.dims().begin(), shape.dims().end(), dims.begin());
  dims[0] = rows;
  return Shape(std::span<const std::int64_t>(dims.data(), shape.rank()));
}

}  // namespace

TensorArena::~TensorArena() {
  for (const BufferRef& buffer : buffers_) backend_.release(buffer);
}

Result<TensorRef> TensorArena::allocate(DataType type, const Shape& shape, MemoryPurpose purpose) {
  TESSERA_TRY(const BufferRef buffer, backend_.allocate(type, shape, purpose));
  buffers_.push_back(buffer);
  return TensorRef{type, shape, buffer, 0};
}

void TensorArena::release(const TensorRef& tensor) {
  const auto found = std::find_if(buffers_.begin(), buffers_.end(), [&](const BufferRef& buffer) {
    return buffer.id == tensor.buffer.id;
  });
  TESSERA_CHECK(found != buffers_.end());
  backend_.release(*found);
  buffers_.erase(found);
}

TensorRef first_rows(const TensorRef& tensor, std::int64_t rows) {
  TESSERA_CHECK(!is_quantized(tensor.type) && rows <= tensor.shape[0]);
  TensorRef view = tensor;
  view.shape = with_rows(tensor.shape, rows);
  return view;
}

TensorRef single_row(const TensorRef& tensor, std::int64_t row) {
  TESSERA_CHECK(!is_quantized(tensor.type) && row < tensor.shape[0]);
  TensorRef view = tensor;
  view.shape = with_rows(tensor.shape, 1);
  const auto size_bytes = tensor_size_bytes(view.type, view.shape);
  view.offset_bytes += static_cast<std::size_t>(row) * size_bytes.value();
  return view;
}

TensorRef reshaped(const TensorRef& tensor, const Shape& shape) {
  TESSERA_CHECK(!is_quantized(tensor.type));
  TESSERA_CHECK(shape.element_count() == tensor.shape.element_count());
  TensorRef view = tensor;
  view.shape = shape;
  return view;
}

}  // namespace tessera
