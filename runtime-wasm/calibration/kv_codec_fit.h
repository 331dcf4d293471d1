// Finds the codecs with which a layer's keys and values lose least in a packed KV cache
// (ops/kv_codec.h), from what they are like over a text.
//
// What an error e of a key costs is (query . e)^2, so that errors are measured by the second
// moments of the queries; an error of a value passes through the output projection. In coordinates
// where that measure is plain distance, the eigenvectors of the covariance are those that a fixed
// number of bits serves best (Karhunen-Loeve; reverse water-filling in Cover and Thomas, section
// 10.3). Each is scaled to unit variance; its variance is the weight of its error.
//
// The mean of rotated keys is taken before their rotation and turns with them: what is left of a
// key at position p is k - R(p) mean. That is linear in the cosines and sines of the position's
// angles, so that moments of keys and of these numbers together give the covariance of what is left
// without a second pass.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "calibration/matrix.h"

namespace tessera::calibration {

// The matrices of a layer's two KvCodecs, f16.
struct LayerCodecs {
  std::vector<std::uint16_t> key, value;
  bool has_turning_means = false;  // of keys
};

// What the heads of one layer hold, summed over tokens.
class KvStatistics {
 public:
  KvStatistics() = default;
  // `frequencies`: those by which keys are rotated (ops/rope.h), or none.
  KvStatistics(std::int64_t key_value_heads, std::int64_t head_size,
               std::span<const float> frequencies);

  // Rows of tokens, heads side by side: keys as they are cached, queries as they meet them. Each
  // token has a position.
  using Rows = Eigen::Ref<const Matrix, 0, Eigen::OuterStride<>>;
  void add_keys_and_values(const Rows& keys, const Rows& values,
                           std::span<const std::int32_t> positions);
  void add_queries(const Rows& queries);
  void add(const KvStatistics& other);

  // `projection` is the weight of the output projection, [hidden_size, query_heads * head_size].
  // Errors: kInvalidArgument if too few tokens were seen.
  Result<LayerCodecs> codecs(const Matrix& projection) const;

 private:
  struct Head {
    // Of a key and then of its position: cosines, sines, and 1.
    Matrix key_moments;
    Matrix value_moments, query_moments;
    Vector value_sum;
  };

  std::vector<float> frequencies_;
  std::vector<Head> heads_;
  std::int64_t tokens_ = 0;
};

}  // namespace tessera::calibration
