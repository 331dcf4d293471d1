#include "package/hugging_face_source.h"

#include <algorithm>
#include <map>

#include "base/json.h"

namespace tessera {
namespace {

constexpr std::size_t kIndexSizeBytesMax = 64u << 20;

bool is_file_name(std::string_view name) {
  return !name.empty() && name.find('/') == std::string_view::npos &&
         name.find('\\') == std::string_view::npos && name != "." && name != "..";
}

using TensorsByFile = std::map<std::string, std::vector<std::string>>;

// {"weight_map": {"<tensor>": "<file>", ...}}
Result<TensorsByFile> parse_index(std::string_view text) {
  TESSERA_TRY(const JsonDocument document, JsonDocument::parse(text));
  TESSERA_TRY(const JsonObject root, document.root().object());
  TESSERA_TRY(const JsonObject weight_map, root.object("weight_map"));
  TensorsByFile by_file;
  for (const JsonMember& member : weight_map.members()) {
    TESSERA_TRY(const std::string_view file, member.value.string());
    if (!is_file_name(file)) return member.value.error("not the name of a file in this folder");
    by_file[std::string(file)].emplace_back(member.key);
  }
  return by_file;
}

// Rotary frequencies that old checkpoints carry along; the configuration says the same.
bool is_cache(std::string_view name) {
  return name.ends_with(".rotary_emb.inv_freq");
}

Result<bool> ties_embeddings(const std::string& configuration_json) {
  TESSERA_TRY(const JsonDocument document, JsonDocument::parse(configuration_json));
  TESSERA_TRY(const JsonObject root, document.root().object());
  TESSERA_TRY(const auto ties, root.optional_boolean("tie_word_embeddings"));
  return ties.value_or(false);
}

}  // namespace

Result<std::unique_ptr<HuggingFaceSource>> HuggingFaceSource::open(const std::string& directory,
                                                                   std::string name) {
  auto source = std::make_unique<HuggingFaceSource>();
  TESSERA_TRY(source->description_, read_hugging_face_description(directory, std::move(name)));
  TESSERA_TRY_VOID(source->open_tensors(directory));
  return source;
}

Result<void> HuggingFaceSource::open_tensors(const std::string& directory) {
  const std::string index_path = directory + "/model.safetensors.index.json";
  const auto index = read_text_file(index_path, kIndexSizeBytesMax);
  if (!index && index.error().code != ErrorCode::kNotFound) return index.error();
  if (!index) {
    const std::string path = directory + "/model.safetensors";
    const auto added = add_file(path, nullptr);
    if (!added && added.error().code == ErrorCode::kNotFound) {
      return Error{ErrorCode::kNotFound, directory +
                                             " has neither model.safetensors nor "
                                             "model.safetensors.index.json"};
    }
    return added;
  }
  auto by_file = parse_index(*index);
  if (!by_file) return by_file.error().with_context(index_path);
  for (const auto& [file, tensors] : *by_file) {
    TESSERA_TRY_VOID(add_file(directory + "/" + file, &tensors));
  }
  return {};
}

Result<void> HuggingFaceSource::add_file(const std::string& path,
                                         const std::vector<std::string>* wanted) {
  TESSERA_TRY(RandomAccessFile file, RandomAccessFile::open(path));
  const auto header = read_safetensors_header(file);
  if (!header) return header.error().with_context(path);
  files_.push_back(std::move(file));
  if (wanted == nullptr) {
    for (const SafetensorsTensor& tensor : header->tensors) TESSERA_TRY_VOID(add_tensor(tensor));
    return {};
  }
  for (const std::string& name : *wanted) {
    const SafetensorsTensor* tensor = header->find(name);
    if (tensor == nullptr) {
      return Error{ErrorCode::kInvalidFile,
                   path + ": tensor " + name + " is missing, though the index says it is here"};
    }
    TESSERA_TRY_VOID(add_tensor(*tensor));
  }
  return {};
}

Result<void> HuggingFaceSource::add_tensor(const SafetensorsTensor& tensor) {
  if (is_cache(tensor.name)) return {};
  if (tensor.name == "lm_head.weight") {
    TESSERA_TRY(const bool is_tied, ties_embeddings(description_.configuration_json));
    if (is_tied) return {};
  }
  if (tensor.format->block_to_floats == nullptr) {
    return Error{ErrorCode::kUnsupported, "tensor " + tensor.name + " has elements of type " +
                                              std::string(tensor.format->name) +
                                              "; F32, F16 and BF16 can be converted"};
  }
  const bool is_empty =
      std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end();
  if (tensor.shape.size() > kRankMax || is_empty) {
    return Error{ErrorCode::kUnsupported, "tensor " + tensor.name + " is empty or has more than " +
                                              std::to_string(kRankMax) + " axes"};
  }
  tensors_.push_back({tensor.name, Shape(std::span(tensor.shape)), tensor.format});
  places_.push_back({files_.size() - 1, tensor.offset});
  return {};
}

Result<void> HuggingFaceSource::read_rows(std::size_t tensor, std::int64_t first_row,
                                          std::span<std::byte> out) const {
  const Place& place = places_[tensor];
  const auto offset = static_cast<std::uint64_t>(first_row) * tensors_[tensor].row_size_bytes();
  return files_[place.file].read(place.offset + offset, out);
}

}  // namespace tessera
