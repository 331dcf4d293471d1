// What a package really weighs: bits per weight, scales, minimums and padding included.
#pragma once

#include "package/manifest.h"

namespace tessera {

struct BitsPerWeight {
  double linear = 0.0;  // matrices of the layers, without embedding and output
  double file = 0.0;    // all shards over all weights
};

BitsPerWeight bits_per_weight(const Manifest& manifest);

}  // namespace tessera
