// GgufSource: the model in a GGUF file.
#pragma once

#include <memory>
#include <vector>

#include "package/gguf_configuration.h"
#include "package/model_source.h"

namespace tessera {

class GgufSource final : public ModelSource {
 public:
  // Takes name, if not empty, instead of the one in the file.
  // Errors: kInvalidFile and kUnsupported of the readers it uses.
  static Result<std::unique_ptr<GgufSource>> open(std::unique_ptr<ByteSource> file,
                                                  std::string name);

  const ModelDescription& description() const override { return description_; }
  std::span<const SourceTensor> tensors() const override { return tensors_; }
  Result<void> read_rows(std::size_t tensor, std::int64_t first_row,
                         std::span<std::byte> out) const override;

 private:
  struct Place {
    std::uint64_t offset;
    std::int64_t interleaved_head_size;  // 0: rows lie in our order
  };

  explicit GgufSource(std::unique_ptr<ByteSource> file) : file_(std::move(file)) {}
  Result<void> describe(const Gguf& gguf, const GgufArchitecture& architecture);
  Result<void> add_tensor(const GgufTensor& tensor, std::int64_t interleaved_head_size);

  std::unique_ptr<ByteSource> file_;
  ModelDescription description_;
  std::vector<SourceTensor> tensors_;
  std::vector<Place> places_;
};

}  // namespace tessera
