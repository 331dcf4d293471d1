// The codebooks of the packed KV cache: 256 points each that stand for 2, 3, 4, 5, 6 or 8
// neighbouring coordinates of unit variance, fitted to draws of a normal distribution and rounded
// to 1/32; a single coordinate needs no codebook, for its code is the number itself.
//
// Points of 5, 6 and 8 coordinates are the fixed points of Lloyd's algorithm (Linde, Buzo and Gray,
// 1980). Those of 2, 3 and 4 are sums of two: one of 16 by the code's upper 4 bits, and one of 16
// by its lower 4 bits, so that a vector instruction can look up a coordinate of 16 codes (Babenko
// and Lempitsky, "Additive Quantization", 2014).
#pragma once

#include <cstdint>

namespace tessera {

inline constexpr int kKvCodebookEntries = 256;
inline constexpr int kKvCodebookSteps = 32;
inline constexpr int kKvRunWidths[] = {1, 2, 3, 4, 5, 6, 8};
inline constexpr int kKvRunWidthMax = 8;

inline constexpr int kKvTableEntries = 16;

// [2][width][16], upper bits first, in units of 1 / kKvCodebookSteps: what a code's two halves add
// to each coordinate. Null for a width whose points are no such sums.
const std::int8_t* kv_codebook_tables(int width) noexcept;

// [256][width], in units of 1 / kKvCodebookSteps. Null for a width that has no codebook.
const std::int8_t* kv_codebook(int width) noexcept;

}  // namespace tessera
