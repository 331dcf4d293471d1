// What `tessera inspect` says about a package, as text and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "package/package_directory.h"

namespace tessera {

struct PackageReport {
  const PackageDirectory* package = nullptr;
  // After hashing every shard: the indices of those whose bytes do not have their name's hash.
  std::optional<std::vector<std::size_t>> damaged_shards;
};

// Reads and hashes every shard. Errors: kIo.
Result<std::vector<std::size_t>> find_damaged_shards(const PackageDirectory& package);

std::string report_text(const PackageReport& report);
std::string report_json(const PackageReport& report);

}  // namespace tessera
