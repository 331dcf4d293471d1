// A GGUF file is refused, or all of it can be read: configuration, tokenizer and every row.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/json.h"
#include "package/gguf_source.h"

namespace {

class OwnedSource final : public tessera::ByteSource {
 public:
  explicit OwnedSource(std::span<const std::byte> bytes) : bytes_(bytes.begin(), bytes.end()) {}
  std::uint64_t size_bytes() const override { return bytes_.size(); }
  tessera::Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    return tessera::MemorySource(bytes_).read(offset, out);
  }

 private:
  std::vector<std::byte> bytes_;
};

void read_all_rows(const tessera::ModelSource& source) {
  for (std::size_t i = 0; i < source.tensors().size(); ++i) {
    const tessera::SourceTensor& tensor = source.tensors()[i];
    std::vector<std::byte> row(tensor.row_size_bytes());
    std::vector<float> values(static_cast<std::size_t>(tensor.columns()));
    for (std::int64_t index = 0; index < tensor.rows(); ++index) {
      if (!source.read_rows(i, index, row)) break;
      tessera::stored_to_floats(*tensor.format, row.data(), values);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto source = tessera::GgufSource::open(
      std::make_unique<OwnedSource>(std::as_bytes(std::span(data, size))), "");
  if (!source) return 0;
  const tessera::ModelDescription& description = (*source)->description();
  if (!tessera::JsonDocument::parse(description.configuration_json)) std::abort();
  if (!tessera::JsonDocument::parse(description.generation_json)) std::abort();
  if (description.tokenizer_json && !tessera::JsonDocument::parse(*description.tokenizer_json)) {
    std::abort();
  }
  read_all_rows(**source);
  return 0;
}
