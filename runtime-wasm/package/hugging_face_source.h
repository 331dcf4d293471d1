// HuggingFaceSource: the model in a folder of config.json, safetensors and tokenizer files.
#pragma once

#include <memory>
#include <vector>

#include "package/model_source.h"
#include "package/random_access_file.h"
#include "package/safetensors.h"

namespace tessera {

class HuggingFaceSource final : public ModelSource {
 public:
  // Reads config.json, generation_config.json, tokenizer.json, tokenizer_config.json,
  // special_tokens_map.json, chat_template.jinja, and the headers of model.safetensors or of the
  // files that model.safetensors.index.json names. All but config.json and the tensors may be
  // absent. Errors: kNotFound, kInvalidFile, kUnsupported, kIo; the message names the file.
  static Result<std::unique_ptr<HuggingFaceSource>> open(const std::string& directory,
                                                         std::string name);

  const ModelDescription& description() const override { return description_; }
  std::span<const SourceTensor> tensors() const override { return tensors_; }
  Result<void> read_rows(std::size_t tensor, std::int64_t first_row,
                         std::span<std::byte> out) const override;

 private:
  struct Place {
    std::size_t file;
    std::uint64_t offset;
  };

  Result<void> open_tensors(const std::string& directory);
  // Adds the tensors that `wanted` lists, or all if it is null.
  Result<void> add_file(const std::string& path, const std::vector<std::string>* wanted);
  Result<void> add_tensor(const SafetensorsTensor& tensor);

  ModelDescription description_;
  std::vector<RandomAccessFile> files_;
  std::vector<SourceTensor> tensors_;
  std::vector<Place> places_;
};

// The description alone, without tensors.
Result<ModelDescription> read_hugging_face_description(const std::string& directory,
                                                       std::string name);

}  // namespace tessera
