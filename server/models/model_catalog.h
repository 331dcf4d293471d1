// ModelCatalog: the model packages that this server offers, and where each of their shards lies.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "package/package_directory.h"
#include "protocol/generated/protocol.h"

namespace tessera {

struct CatalogModel {
  PackageDirectory package;
  protocol::WireModel wire;  // runners is 0 here
  std::string manifest_etag;
};

struct CatalogShard {
  std::string path;
  std::uint64_t size_bytes = 0;
};

class ModelCatalog {
 public:
  // Opens every package. Errors: those of PackageDirectory::open; kInvalidArgument if two packages
  // have one name.
  static Result<ModelCatalog> open(const std::vector<std::string>& directories);

  const std::vector<CatalogModel>& models() const { return models_; }
  std::vector<std::string> names() const;
  // Null if there is none. The result is valid as long as the catalog.
  const CatalogModel* find_model(std::string_view name) const;
  const CatalogShard* find_shard(const std::string& sha256) const;

 private:
  ModelCatalog() = default;

  std::vector<CatalogModel> models_;
  std::unordered_map<std::string, CatalogShard> shards_;  // by SHA-256; models may share shards
};

}  // namespace tessera
