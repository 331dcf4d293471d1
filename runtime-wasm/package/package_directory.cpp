#include "package/package_directory.h"

#include <utility>

#include "package/random_access_file.h"

namespace tessera {

Result<PackageDirectory> PackageDirectory::open(const std::string& directory) {
  const std::string path = directory + "/manifest.json";
  auto text = read_text_file(path, kManifestSizeBytesMax);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return Error{
        ErrorCode::kNotFound,
        directory + " is not a model package (no manifest.json); tessera convert makes one"};
  }
  if (!text) return text.error();
  auto manifest = parse_manifest(*text);
  if (!manifest) return manifest.error().with_context(directory);
  PackageDirectory package(directory, std::move(*text), std::move(*manifest));
  TESSERA_TRY_VOID(package.check_shards());
  return package;
}

Result<PackageDirectory> PackageDirectory::open_unfinished(const std::string& directory,
                                                           Manifest manifest) {
  PackageDirectory package(directory, "", std::move(manifest));
  TESSERA_TRY_VOID(package.check_shards());
  return package;
}

Result<void> PackageDirectory::check_shards() const {
  for (const ShardEntry& shard : manifest_.shards) {
    TESSERA_TRY(const RandomAccessFile file, RandomAccessFile::open(shard_path(shard)));
    if (file.size_bytes() != shard.size_bytes) {
      return Error{ErrorCode::kInvalidFile, file.path() + ": " + std::to_string(file.size_bytes()) +
                                                " bytes, the manifest says " +
                                                std::to_string(shard.size_bytes)};
    }
  }
  return {};
}

std::string PackageDirectory::shard_path(const ShardEntry& shard) const {
  return directory_ + "/shards/" + shard.sha256;
}

std::uint64_t PackageDirectory::size_bytes() const {
  std::uint64_t sum = 0;
  for (const ShardEntry& shard : manifest_.shards) sum += shard.size_bytes;
  return sum;
}

Result<void> PackageDirectory::read_shard(std::uint32_t shard, std::uint64_t offset,
                                          std::span<std::byte> out) const {
  TESSERA_CHECK(shard < manifest_.shards.size());
  TESSERA_TRY(const RandomAccessFile file,
              RandomAccessFile::open(shard_path(manifest_.shards[shard])));
  return file.read(offset, out);
}

Result<std::vector<std::byte>> PackageDirectory::read_tensor(const TensorEntry& tensor) const {
  TESSERA_TRY(const std::size_t size_bytes, tensor_size_bytes(tensor.type, tensor.shape));
  std::vector<std::byte> bytes(size_bytes);
  std::span<std::byte> rest(bytes);
  for (const TensorPart& part : tensor.parts) {
    TESSERA_TRY_VOID(
        read_shard(part.shard, part.offset, rest.first(static_cast<std::size_t>(part.size_bytes))));
    rest = rest.subspan(static_cast<std::size_t>(part.size_bytes));
  }
  return bytes;
}

Result<std::string> PackageDirectory::read_tokenizer() const {
  if (!manifest_.tokenizer_shard) {
    return Error{ErrorCode::kNotFound, directory_ + ": the package has no tokenizer"};
  }
  const std::uint32_t shard = *manifest_.tokenizer_shard;
  std::string text(static_cast<std::size_t>(manifest_.shards[shard].size_bytes), '\0');
  TESSERA_TRY_VOID(
      read_shard(shard, 0, std::as_writable_bytes(std::span(text.data(), text.size()))));
  return text;
}

}  // namespace tessera
