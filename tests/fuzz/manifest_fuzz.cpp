// A manifest that parses is consistent, and is written to a text that parses to the same text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "package/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto manifest =
      tessera::parse_manifest(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!manifest) return 0;
  for (const tessera::TensorEntry& tensor : manifest->tensors) {
    for (const tessera::TensorPart& part : tensor.parts) {
      const tessera::ShardEntry& shard = manifest->shards.at(part.shard);
      if (part.offset + part.size_bytes > shard.size_bytes) std::abort();
    }
  }
  const std::string text = tessera::write_manifest(*manifest);
  const auto again = tessera::parse_manifest(text);
  if (!again || tessera::write_manifest(*again) != text) std::abort();
  return 0;
}
