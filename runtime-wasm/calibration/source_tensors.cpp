#include "calibration/source_tensors.h"

namespace tessera::calibration {

SourceTensors::SourceTensors(const ModelSource& source) : source_(source) {
  for (std::size_t i = 0; i < source.tensors().size(); ++i) {
    indices_.emplace(source.tensors()[i].name, i);
  }
}

Result<Matrix> SourceTensors::read(const std::string& name, std::int64_t rows,
                                   std::int64_t columns) const {
  const auto found = indices_.find(name);
  if (found == indices_.end()) {
    return Error{ErrorCode::kInvalidFile, "the model has no tensor " + name};
  }
  const SourceTensor& tensor = source_.tensors()[found->second];
  if (tensor.rows() != rows || tensor.columns() != columns ||
      tensor.format->block_to_floats == nullptr) {
    return Error{ErrorCode::kInvalidFile, "tensor " + name + " has shape " +
                                              tensor.shape.to_string() + ", expected " +
                                              Shape{rows, columns}.to_string() + " of numbers"};
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(rows) * tensor.row_size_bytes());
  TESSERA_TRY_VOID(source_.read_rows(found->second, 0, bytes));
  Matrix matrix(rows, columns);
  stored_to_floats(*tensor.format, bytes.data(),
                   std::span(matrix.data(), static_cast<std::size_t>(matrix.size())));
  if (!matrix.allFinite()) {
    return Error{ErrorCode::kInvalidFile,
                 "tensor " + name + " holds weights that are infinite or not a number"};
  }
  return matrix;
}

Result<Vector> SourceTensors::read_optional(const std::string& name, std::int64_t size) const {
  if (!has(name)) return Vector();
  TESSERA_TRY(const Matrix matrix, read(name, 1, size));
  return Vector(matrix.row(0));
}

}  // namespace tessera::calibration
