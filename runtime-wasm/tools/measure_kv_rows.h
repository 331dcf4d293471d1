// Finds how large the rows of each layer's keys and values should be in packed KV caches
// (calibration/kv_row_sharing.h), by running a package with one of them at a time cut short.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "package/package_directory.h"
#include "quantization/kv_row.h"

namespace tessera {

// Of a text, at most.
inline constexpr std::int64_t kMeasuredTokens = 1024;

struct MeasureKvRowsOptions {
  int threads = 1;
  bool quiet = false;
};

// Of 4, 3 and 2 bits. `text` is run up to kMeasuredTokens of its tokens, once for each layer's keys
// and once for its values. REQUIRES: the package has codecs for the cache (ops/kv_codec.h).
// Errors: those of loading and running a model.
Result<std::vector<KvCacheRows>> measure_kv_rows(const PackageDirectory& package,
                                                 std::span<const std::int32_t> text,
                                                 const MeasureKvRowsOptions& options);

}  // namespace tessera
