// The codebooks of the packed KV cache: 256 points each that stand for 2, 3, 4, 5, 6 or 8
// neighbouring coordinates of unit variance. They are the fixed points of Lloyd's algorithm
// (Linde, Buzo and Gray, 1980) on 30,000 draws of a normal distribution, rounded to 1/32; a single
// coordinate needs no codebook, for its code is the number itself.
#pragma once

#include <cstdint>

namespace tessera {

inline constexpr int kKvCodebookEntries = 256;
inline constexpr int kKvCodebookSteps = 32;
inline constexpr int kKvRunWidths[] = {1, 2, 3, 4, 5, 6, 8};
inline constexpr int kKvRunWidthMax = 8;

// [256][width], in units of 1 / kKvCodebookSteps. Null for a width that has no codebook.
const std::int8_t* kv_codebook(int width) noexcept;

}  // namespace tessera
