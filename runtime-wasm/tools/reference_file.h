// ReferenceFile: inputs in.* and expected outputs out.* of a model, as another implementation
// computed them, in a safetensors file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tessera {

struct ReferenceIds {
  std::vector<std::int64_t> shape;
  std::vector<std::int32_t> values;
};

struct ReferenceOutput {
  std::string name;  // with its "out."
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

struct ReferenceFile {
  ReferenceIds input_ids;  // in.input_ids [batch, tokens]
  std::vector<ReferenceOutput> outputs;
};

// Errors: kNotFound, kInvalidFile; kUnsupported for an input other than input_ids and an
// attention_mask of ones.
Result<ReferenceFile> read_reference_file(const std::string& path);

// ‖ours - reference‖ / ‖reference‖; infinite for a reference of zeros that ours is not, or any NaN.
double relative_error(const std::vector<float>& ours, const std::vector<float>& reference);

}  // namespace tessera
