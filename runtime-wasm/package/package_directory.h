// PackageDirectory: a model package on disk, manifest.json with shards/<sha256> beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "package/manifest.h"

namespace tessera {

class PackageDirectory {
 public:
  // Reads and checks the manifest, and that every shard is there with the size it should have.
  // Errors: kNotFound, kIo, kInvalidFile, kUnsupported; the message names the file.
  static Result<PackageDirectory> open(const std::string& directory);

  // One whose manifest is not written yet. The same checks of its shards.
  static Result<PackageDirectory> open_unfinished(const std::string& directory, Manifest manifest);

  const std::string& directory() const { return directory_; }
  const Manifest& manifest() const { return manifest_; }
  // manifest.json byte for byte; empty of a package that is not finished.
  const std::string& manifest_text() const { return manifest_text_; }
  std::string shard_path(const ShardEntry& shard) const;
  // The sum of all shards.
  std::uint64_t size_bytes() const;

  // Fills `out` with bytes of a shard from `offset` on. REQUIRES: shard < manifest().shards.size().
  Result<void> read_shard(std::uint32_t shard, std::uint64_t offset,
                          std::span<std::byte> out) const;
  // A tensor's bytes, its parts joined.
  Result<std::vector<std::byte>> read_tensor(const TensorEntry& tensor) const;
  // The text of tokenizer.json. Errors: also kNotFound if the package has no tokenizer.
  Result<std::string> read_tokenizer() const;

 private:
  PackageDirectory(std::string directory, std::string manifest_text, Manifest manifest)
      : directory_(std::move(directory)),
        manifest_text_(std::move(manifest_text)),
        manifest_(std::move(manifest)) {}

  Result<void> check_shards() const;

  std::string directory_;
  std::string manifest_text_;
  Manifest manifest_;
};

}  // namespace tessera
