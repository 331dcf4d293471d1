// Opens packages and reads their tensors as floats, for tests.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/half.h"
#include "package/package_directory.h"
#include "quantization/format.h"

namespace tessera {

inline PackageDirectory opened_package(const std::string& directory) {
  auto package = PackageDirectory::open(directory);
  if (!package) FAIL(package.error().message);
  return std::move(*package);
}

inline const TensorEntry& tensor_of(const PackageDirectory& package, std::string_view name) {
  const TensorEntry* tensor = package.manifest().find_tensor(name);
  if (tensor == nullptr) FAIL("no tensor " << name);
  return *tensor;
}

inline std::vector<float> tensor_floats(const PackageDirectory& package, std::string_view name) {
  const TensorEntry& tensor = tensor_of(package, name);
  const auto bytes = package.read_tensor(tensor);
  if (!bytes) FAIL(bytes.error().message);
  const std::int64_t columns = tensor.shape[tensor.shape.rank() - 1];
  std::vector<float> values(static_cast<std::size_t>(tensor.shape.element_count()));
  for (std::int64_t row = 0; row * columns < tensor.shape.element_count(); ++row) {
    dequantize_row(tensor.type, bytes->data(), columns, row, values.data() + row * columns);
  }
  return values;
}

}  // namespace tessera
