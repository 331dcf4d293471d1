#include "tools/reference_file.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "package/random_access_file.h"
#include "package/safetensors.h"

namespace tessera {
namespace {

template <typename Stored>
Result<std::vector<std::int32_t>> read_as_int32(const ByteSource& source,
                                                const SafetensorsTensor& tensor) {
  std::vector<Stored> stored(tensor.size_bytes / sizeof(Stored));
  TESSERA_TRY_VOID(source.read(tensor.offset, std::as_writable_bytes(std::span(stored))));
  return std::vector<std::int32_t>(stored.begin(), stored.end());
}

Result<ReferenceIds> read_integers(const ByteSource& source, const SafetensorsTensor& tensor) {
  ReferenceIds result;
  result.shape = tensor.shape;
  const std::string_view format = tensor.format->name;
  if (format == "I32") {
    TESSERA_TRY(result.values, read_as_int32<std::int32_t>(source, tensor));
  } else if (format == "I64") {
    TESSERA_TRY(result.values, read_as_int32<std::int64_t>(source, tensor));
  } else {
    return Error{ErrorCode::kUnsupported,
                 tensor.name + " is " + std::string(format) + ", not integers"};
  }
  return result;
}

Result<ReferenceOutput> read_output(const ByteSource& source, const SafetensorsTensor& tensor) {
  if (tensor.format->name != "F32") {
    return Error{ErrorCode::kUnsupported,
                 tensor.name + " is " + std::string(tensor.format->name) + ", not F32"};
  }
  ReferenceOutput output{tensor.name, tensor.shape, {}};
  output.values.resize(tensor.size_bytes / sizeof(float));
  TESSERA_TRY_VOID(source.read(tensor.offset, std::as_writable_bytes(std::span(output.values))));
  return output;
}

Result<void> check_mask(const ByteSource& source, const SafetensorsTensor& tensor) {
  TESSERA_TRY(const ReferenceIds mask, read_integers(source, tensor));
  for (const std::int32_t value : mask.values) {
    if (value == 1) continue;
    return Error{ErrorCode::kUnsupported, "padded input (zeros in in.attention_mask)"};
  }
  return {};
}

}  // namespace

Result<ReferenceFile> read_reference_file(const std::string& path) {
  TESSERA_TRY(const RandomAccessFile file, RandomAccessFile::open(path));
  TESSERA_TRY(const SafetensorsHeader header, read_safetensors_header(file));
  ReferenceFile reference;
  for (const SafetensorsTensor& tensor : header.tensors) {
    if (tensor.name == "in.input_ids") {
      TESSERA_TRY(reference.input_ids, read_integers(file, tensor));
    } else if (tensor.name == "in.attention_mask") {
      TESSERA_TRY_VOID(check_mask(file, tensor));
    } else if (tensor.name.starts_with("out.")) {
      TESSERA_TRY(ReferenceOutput output, read_output(file, tensor));
      reference.outputs.push_back(std::move(output));
    } else {
      return Error{ErrorCode::kUnsupported, path + ": input \"" + tensor.name + "\""};
    }
  }
  if (reference.input_ids.shape.size() != 2) {
    return Error{ErrorCode::kInvalidFile, path + ": needs in.input_ids [batch, tokens]"};
  }
  return reference;
}

double relative_error(const std::vector<float>& ours, const std::vector<float>& reference) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (ours.size() != reference.size()) return kInfinity;
  double difference = 0.0, size = 0.0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double delta = static_cast<double>(ours[i]) - static_cast<double>(reference[i]);
    difference += delta * delta;
    size += static_cast<double>(reference[i]) * static_cast<double>(reference[i]);
  }
  if (!std::isfinite(difference)) return kInfinity;
  if (size == 0.0) return difference == 0.0 ? 0.0 : kInfinity;
  return std::sqrt(difference / size);
}

}  // namespace tessera
