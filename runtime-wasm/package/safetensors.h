// Reads safetensors files: eight bytes of header size, a JSON header, then the tensors' bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "package/byte_source.h"
#include "package/stored_format.h"

namespace tessera {

inline constexpr std::uint64_t kSafetensorsHeaderSizeBytesMax = 100u
                                                                << 20;  // the format's own limit

struct SafetensorsTensor {
  std::string name;
  const StoredFormat* format = nullptr;
  std::vector<std::int64_t> shape;
  std::uint64_t offset = 0;  // from the start of the file
  std::uint64_t size_bytes = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsTensor> tensors;  // in the order of the file's bytes

  // Null if there is none of that name.
  const SafetensorsTensor* find(std::string_view name) const;
};

// Reads and checks a header: tensors have the size of their shape, lie inside the file, and do not
// overlap. Errors: kInvalidFile; kUnsupported for an element type that is not in the table of
// stored formats; the message names the tensor.
Result<SafetensorsHeader> read_safetensors_header(const ByteSource& source);

}  // namespace tessera
