#include "ops/attention.h"

#include <cmath>

#include "ops/contract.h"

namespace tessera {

Result<void> Attention::validate() const {
  Contract contract("Attention");
  contract.tensor("query", query, 3, {DataType::kF32})
      .tensor("key_cache", key_cache, 3, kKvCacheTypes)
      .tensor("value_cache", value_cache, 3, kKvCacheTypes)
      .tensor("positions", positions, 1, {DataType::kI32})
      .tensor("out", out, 3, {DataType::kF32});
  if (!contract.is_met()) return contract.result();
  check_kv_codec(contract, "key_codec", key_codec, key_cache, query.shape[2]);
  check_kv_codec(contract, "value_codec", value_codec, value_cache, query.shape[2]);
  const std::int64_t query_heads = query.shape[1];
  const std::int64_t key_value_heads = key_cache.shape[0];
  return contract.same_shape("query", query, "out", out)
      .equal("key_cache's heads", key_cache.shape[0], "value_cache's heads", value_cache.shape[0])
      .equal("key_cache's positions", key_cache.shape[1], "value_cache's positions",
             value_cache.shape[1])
      .require(key_cache.type == value_cache.type, "key_cache and value_cache differ in type")
      .equal("query's tokens", query.shape[0], "positions' tokens", positions.shape[0])
      .require(query_heads == 0 || (key_value_heads > 0 && query_heads % key_value_heads == 0),
               "query_heads (" + std::to_string(query_heads) +
                   ") is no multiple of key_value_heads (" + std::to_string(key_value_heads) + ")")
      .require(std::isfinite(scale), "scale is not finite")
      .require(window_tokens >= 0, "window_tokens is negative")
      .disjoint("query", query, "out", out)
      .disjoint("key_cache", key_cache, "out", out)
      .disjoint("value_cache", value_cache, "out", out)
      .result();
}

}  // namespace tessera
