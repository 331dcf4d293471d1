#include "server/models/model_catalog.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/check.h"
#include "base/json.h"

namespace tessera {
namespace {

std::string sha256_hex(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  TESSERA_CHECK(EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) == 1);
  std::string hex;
  for (unsigned int index = 0; index < size; ++index) {
    hex += "0123456789abcdef"[digest[index] >> 4];
    hex += "0123456789abcdef"[digest[index] & 15];
  }
  return hex;
}

// What the configuration says in max_position_embeddings, or 0.
std::uint64_t context_tokens_max(const Manifest& manifest) {
  const auto document = JsonDocument::parse(manifest.configuration_json);
  if (!document) return 0;
  const auto object = document->root().object();
  if (!object) return 0;
  const auto tokens = object->integer("max_position_embeddings", 0);
  return tokens ? static_cast<std::uint64_t>(*tokens) : 0;
}

CatalogModel catalog_model(PackageDirectory package) {
  protocol::WireModel wire;
  wire.name = package.manifest().name;
  wire.architecture = package.manifest().architecture;
  wire.size_bytes = package.size_bytes();
  wire.context_tokens_max = context_tokens_max(package.manifest());
  std::string etag = '"' + sha256_hex(package.manifest_text()) + '"';
  return CatalogModel{std::move(package), std::move(wire), std::move(etag)};
}

}  // namespace

Result<ModelCatalog> ModelCatalog::open(const std::vector<std::string>& directories) {
  ModelCatalog catalog;
  for (const std::string& directory : directories) {
    TESSERA_TRY(PackageDirectory package, PackageDirectory::open(directory));
    const std::string& name = package.manifest().name;
    if (const CatalogModel* other = catalog.find_model(name)) {
      return Error{ErrorCode::kInvalidArgument,
                   directory + ": its model is called " + name + ", like the one in " +
                       other->package.directory() + "; offer one of them"};
    }
    for (const ShardEntry& shard : package.manifest().shards) {
      catalog.shards_[shard.sha256] = {package.shard_path(shard), shard.size_bytes};
    }
    catalog.models_.push_back(catalog_model(std::move(package)));
  }
  return catalog;
}

std::vector<std::string> ModelCatalog::names() const {
  std::vector<std::string> names;
  for (const CatalogModel& model : models_) names.push_back(model.wire.name);
  return names;
}

const CatalogModel* ModelCatalog::find_model(std::string_view name) const {
  const auto has_name = [name](const CatalogModel& model) { return model.wire.name == name; };
  const auto found = std::ranges::find_if(models_, has_name);
  return found == models_.end() ? nullptr : &*found;
}

const CatalogShard* ModelCatalog::find_shard(const std::string& sha256) const {
  const auto found = shards_.find(sha256);
  return found == shards_.end() ? nullptr : &found->second;
}

}  // namespace tessera
