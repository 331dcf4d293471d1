// Reads a source's tensors by name, as floats.
#pragma once

#include <string>
#include <unordered_map>

#include "base/result.h"
#include "calibration/matrix.h"
#include "package/model_source.h"

namespace tessera::calibration {

class SourceTensors {
 public:
  explicit SourceTensors(const ModelSource& source);

  bool has(const std::string& name) const { return indices_.contains(name); }
  // A tensor of rank 1 is one row. Errors: kInvalidFile naming a tensor that is missing, has
  // another shape, or holds numbers that are not finite; those of the source.
  Result<Matrix> read(const std::string& name, std::int64_t rows, std::int64_t columns) const;
  // Empty if there is none of that name.
  Result<Vector> read_optional(const std::string& name, std::int64_t size) const;

 private:
  const ModelSource& source_;
  std::unordered_map<std::string, std::size_t> indices_;
};

}  // namespace tessera::calibration
