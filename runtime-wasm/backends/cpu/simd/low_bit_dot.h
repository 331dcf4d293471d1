// What the kernels of q2 and q3 need beside simd/simd.h, for the instruction set of the build:
//   load_bytes                          kLanes unsigned bytes as 32-bit integers
//   SmallDot                            integer dot product of 8-bit activations with weights in
//                                       0..7, four neighbouring columns of kLanes rows at a time:
//     kGroupSizeBytes, encode           how the activations of one group of 32 are laid out
//     Weights, from_bytes               weights as they are multiplied, of four bytes per lane
//     Sum, begin, dot, end              sum = begin(); sum = dot(sum, weights, group, chunk), the
//                                       chunk being column / 4; end(sum) = the exact integer sums
#pragma once

#include "backends/cpu/simd/simd.h"

#if defined(__wasm_simd128__)
#if defined(__wasm_relaxed_simd__)
#include "backends/cpu/simd/wasm_relaxed_low_bit_dot.h"
#else
#include "backends/cpu/simd/wasm_low_bit_dot.h"
#endif
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "backends/cpu/simd/avx2_low_bit_dot.h"
#else
#include "backends/cpu/simd/scalar_low_bit_dot.h"
#endif
