// ModelSource: a model in another program's files, ready to become a package. Tensors have Hugging
// Face's names, shapes and row order, whatever the file's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "package/stored_format.h"
#include "tensor/shape.h"

namespace tessera {

// Everything but tensors; the fields are those of a Manifest.
struct ModelDescription {
  std::string name;
  std::string architecture;
  std::string configuration_json = "{}";
  std::string generation_json = "{}";
  std::string special_tokens_json = "{}";
  std::optional<std::string> chat_template;
  std::optional<std::string> tokenizer_json;  // a whole tokenizer.json
};

struct SourceTensor {
  std::string name;
  Shape shape;
  const StoredFormat* format = nullptr;

  // A tensor of rank 0 or 1 is one row; of any other rank, the last axis runs along a row.
  std::int64_t columns() const;
  std::int64_t rows() const;
  std::size_t row_size_bytes() const;
};

class ModelSource {
 public:
  virtual ~ModelSource() = default;

  virtual const ModelDescription& description() const = 0;
  virtual std::span<const SourceTensor> tensors() const = 0;

  // The bytes of whole rows from first_row on. REQUIRES: rows that exist; out.size() is a multiple
  // of the tensor's row_size_bytes.
  virtual Result<void> read_rows(std::size_t tensor, std::int64_t first_row,
                                 std::span<std::byte> out) const = 0;
};

}  // namespace tessera
