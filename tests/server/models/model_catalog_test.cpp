#include "server/models/model_catalog.h"

#include <catch2/catch_test_macros.hpp>

#include "server/support/catalog_folder.h"

namespace tessera::testing {
namespace {

TEST_CASE("a catalog knows its models and their shards") {
  const CatalogFolder folder;
  const auto catalog = ModelCatalog::open({folder.path().string()});
  REQUIRE(catalog);
  CHECK(catalog->names() == std::vector<std::string>{"m"});
  const CatalogModel* model = catalog->find_model("m");
  REQUIRE(model != nullptr);
  CHECK(model->wire.architecture == "llama");
  CHECK(model->wire.size_bytes == kShardBytes);
  CHECK(model->wire.context_tokens_max == 64);
  CHECK(model->manifest_etag.size() == 66);
  const CatalogShard* shard = catalog->find_shard(kShardHash);
  REQUIRE(shard != nullptr);
  CHECK(shard->size_bytes == kShardBytes);
  CHECK(catalog->find_model("n") == nullptr);
  CHECK(catalog->find_shard("") == nullptr);
}

TEST_CASE("packages that are missing, damaged or of one name are refused with the folder") {
  const CatalogFolder folder;
  const CatalogFolder other;
  const std::string path = folder.path();
  const auto same_name = ModelCatalog::open({path, other.path().string()});
  REQUIRE_FALSE(same_name);
  CHECK(same_name.error().code == ErrorCode::kInvalidArgument);
  CHECK(same_name.error().message.find(path) != std::string::npos);
  CHECK_FALSE(ModelCatalog::open({"/nonexistent"}));
  std::filesystem::resize_file(folder.path() / "shards" / kShardHash, 10);
  const auto truncated = ModelCatalog::open({path});
  REQUIRE_FALSE(truncated);
  CHECK(truncated.error().message.find(kShardHash) != std::string::npos);
}

}  // namespace
}  // namespace tessera::testing
