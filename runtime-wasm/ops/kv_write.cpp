#include "ops/kv_write.h"

#include "ops/contract.h"

namespace tessera {

Result<void> KvWrite::validate() const {
  Contract contract("KvWrite");
  contract.tensor("key", key, 3, {DataType::kF32})
      .tensor("value", value, 3, {DataType::kF32})
      .tensor("positions", positions, 1, {DataType::kI32})
      .tensor("key_cache", key_cache, 3, kKvCacheTypes)
      .tensor("value_cache", value_cache, 3, kKvCacheTypes);
  if (!contract.is_met()) return contract.result();
  check_kv_codec(contract, "key_codec", key_codec, key_cache, key.shape[2]);
  check_kv_codec(contract, "value_codec", value_codec, value_cache, key.shape[2]);
  return contract.same_shape("key", key, "value", value)
      .equal("key_cache's heads", key_cache.shape[0], "value_cache's heads", value_cache.shape[0])
      .equal("key_cache's positions", key_cache.shape[1], "value_cache's positions",
             value_cache.shape[1])
      .require(key_cache.type == value_cache.type, "key_cache and value_cache differ in type")
      .equal("key's tokens", key.shape[0], "positions' tokens", positions.shape[0])
      .equal("key's heads", key.shape[1], "key_cache's heads", key_cache.shape[0])
      .disjoint("key_cache", key_cache, "value_cache", value_cache)
      .disjoint("key", key, "key_cache", key_cache)
      .disjoint("value", value, "value_cache", value_cache)
      .result();
}

}  // namespace tessera
