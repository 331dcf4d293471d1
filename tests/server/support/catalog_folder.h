// A model package on disk for tests: model "m" with one shard of 300,000 bytes.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace tessera::testing {

inline const std::string kShardHash(64, 'a');
inline constexpr std::size_t kShardBytes = 300000;

// The byte at an offset of the shard.
inline char shard_byte(std::size_t offset) {
  return static_cast<char>(offset * 31 % 251);
}

inline std::string shard_bytes() {
  std::string bytes(kShardBytes, '\0');
  for (std::size_t offset = 0; offset < kShardBytes; ++offset) bytes[offset] = shard_byte(offset);
  return bytes;
}

class CatalogFolder {
 public:
  CatalogFolder() {
    namespace fs = std::filesystem;
    std::string name = (fs::temp_directory_path() / "tessera-catalog-XXXXXX").string();
    path_ = mkdtemp(name.data());
    fs::create_directory(path_ / "shards");
    std::ofstream(path_ / "shards" / kShardHash) << shard_bytes();
    std::ofstream(path_ / "manifest.json")
        << R"({"format":"tessera-package","version":1,"name":"m","architecture":"llama",)"
        << R"("configuration":{"max_position_embeddings":64},"generation":{},"chat_template":null,)"
        << R"("special_tokens":{},"tokenizer":null,"tensors":[],"shards":[{"sha256":")"
        << kShardHash << R"(","size_bytes":300000,"component":"language_model","priority":0}]})";
  }
  ~CatalogFolder() { std::filesystem::remove_all(path_); }
  CatalogFolder(const CatalogFolder&) = delete;
  CatalogFolder& operator=(const CatalogFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tessera::testing
