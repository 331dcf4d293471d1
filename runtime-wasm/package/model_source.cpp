#include "package/model_source.h"

namespace tessera {

std::int64_t SourceTensor::columns() const {
  return shape.rank() == 0 ? 1 : shape[shape.rank() - 1];
}

std::int64_t SourceTensor::rows() const {
  std::int64_t rows = 1;
  for (std::size_t axis = 0; axis + 1 < shape.rank(); ++axis) rows *= shape[axis];
  return rows;
}

std::size_t SourceTensor::row_size_bytes() const {
  return static_cast<std::size_t>(columns()) / format->block_elements * format->block_size_bytes;
}

}  // namespace tessera
