// PackageOutput: a package directory in the making. Everything is written to DIR.partial, which
// becomes DIR when it is whole; a run that fails or is killed leaves no DIR.
#pragma once

#include <string>

#include "tools/package_writer.h"

namespace tessera {

class PackageOutput final : public ShardStore {
 public:
  // Errors: kInvalidArgument if `directory` exists and may not be replaced. With `replaces`, an
  // existing package or empty directory is replaced in the end; anything else is left alone all the
  // same.
  static Result<PackageOutput> create(std::string directory, bool replaces);

  PackageOutput(PackageOutput&& other) noexcept;
  PackageOutput& operator=(PackageOutput&&) = delete;
  ~PackageOutput() override;  // removes DIR.partial unless commit succeeded

  // Where it is until it is whole.
  std::string partial() const { return directory_ + ".partial"; }

  Result<void> store(const std::string& sha256, std::span<const std::byte> bytes) override;

  // Writes the manifest and moves the directory to its place. Errors: kIo, kInternal if the
  // manifest does not read back.
  Result<void> commit(const Manifest& manifest);

 private:
  explicit PackageOutput(std::string directory) : directory_(std::move(directory)) {}

  std::string directory_;  // empty once there is nothing to remove
};

}  // namespace tessera
