#include "tools/open_source.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>

#include "package/gguf_source.h"
#include "package/hugging_face_source.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// Whether a word at the end of a file's name only says how the weights are stored: "Q4_K_M", "f16".
bool names_weights(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (word == "F16" || word == "F32" || word == "BF16" || word == "FP16") return true;
  const std::size_t digit = word.starts_with("IQ") ? 2 : 1;
  return word.size() > digit + 1 && word[digit - 1] == 'Q' &&
         std::isdigit(static_cast<unsigned char>(word[digit])) != 0 && word[digit + 1] == '_';
}

}  // namespace

std::string model_name_of_path(const std::string& path) {
  std::error_code code;
  fs::path canonical = fs::weakly_canonical(path, code);
  if (!canonical.has_filename()) canonical = canonical.parent_path();
  std::string name = canonical.filename().string();
  if (!name.ends_with(".gguf")) return name.empty() ? "model" : name;
  name.resize(name.size() - 5);
  const std::size_t separator = name.find_last_of(".-");
  if (separator != std::string::npos && separator > 0 &&
      names_weights(name.substr(separator + 1))) {
    name.resize(separator);
  }
  return name.empty() ? "model" : name;
}

Result<std::unique_ptr<ModelSource>> open_source(const std::string& path, std::string name) {
  if (name.empty()) name = model_name_of_path(path);
  std::error_code code;
  if (fs::is_directory(path, code)) {
    TESSERA_TRY(auto source, HuggingFaceSource::open(path, std::move(name)));
    return std::unique_ptr<ModelSource>(std::move(source));
  }
  TESSERA_TRY(RandomAccessFile opened, RandomAccessFile::open(path));
  auto file = std::make_unique<RandomAccessFile>(std::move(opened));
  auto source = GgufSource::open(std::move(file), std::move(name));
  if (!source) return source.error().with_context(path);
  return std::unique_ptr<ModelSource>(std::move(*source));
}

}  // namespace tessera
