// Tensors of a header that parses lie inside the file.
#include <cstdint>
#include <cstdlib>

#include "package/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const tessera::MemorySource source(std::as_bytes(std::span(data, size)));
  const auto header = tessera::read_safetensors_header(source);
  if (!header) return 0;
  for (const tessera::SafetensorsTensor& tensor : header->tensors) {
    if (tensor.offset + tensor.size_bytes > size) std::abort();
  }
  return 0;
}
