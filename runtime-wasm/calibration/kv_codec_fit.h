// Finds the codecs with which a layer's keys and values lose least in a packed KV cache
// (ops/kv_codec.h), from what they are like over a text.
//
// What an error e of a key costs is (query . e)^2, so that errors are measured by the second
// moments of the queries; an error of a value passes through the output projection. In coordinates
// where that measure is plain distance, the eigenvectors of the covariance are those that a fixed
// number of bits serves best (Karhunen-Loeve; reverse water-filling in Cover and Thomas, section
// 10.3). Each is scaled to unit variance; its variance is the weight of its error.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "calibration/matrix.h"

namespace tessera::calibration {

// The matrices of a layer's two KvCodecs, f16.
struct LayerCodecs {
  std::vector<std::uint16_t> key, value;
};

// What the heads of one layer hold, summed over tokens.
class KvStatistics {
 public:
  KvStatistics() = default;
  KvStatistics(std::int64_t key_value_heads, std::int64_t head_size);

  // Rows of tokens, heads side by side: keys as they are cached, queries as they meet them.
  using Rows = Eigen::Ref<const Matrix, 0, Eigen::OuterStride<>>;
  void add_keys_and_values(const Rows& keys, const Rows& values);
  void add_queries(const Rows& queries);
  void add(const KvStatistics& other);

  // `projection` is the weight of the output projection, [hidden_size, query_heads * head_size].
  // Errors: kInvalidArgument if too few tokens were seen.
  Result<LayerCodecs> codecs(const Matrix& projection) const;

 private:
  struct Head {
    Matrix key_moments, value_moments, query_moments;
    Vector key_sum, value_sum;
  };
  std::vector<Head> heads_;
  std::int64_t tokens_ = 0;
};

}  // namespace tessera::calibration
