// What the kernels of q2 and q3 need beside simd/simd.h. Their weights lie bit by bit, four columns
// in a nibble (quantization/low_bits.h), which is an index into a table of what those columns'
// activations add up to (backends/cpu/table_activations.h): one look-up takes 16 bits' worth of
// products of four columns. (Wei et al., "T-MAC", 2024.) For the instruction set of the build:
//   largest_sum_of_four(x)            of the magnitudes of four neighbours among 32 floats
//   kTableEntries, fill_table(x, table)
//                                       every sum of four floats with either sign, in bytes: bit j
//                                       of an entry's index says that x[j] is added. REQUIRES:
//                                       |sums| <= 127
//   load_words                          kLanes unsigned 16-bit integers as 32-bit ones
//   LowBitLines<bits>                   the scales and zero points of a block's rows:
//     kSteps                            of integers() in one quant
//     scales(slice)                     of kLanes rows, divided by kSteps
//     integers(slice, sums, factors)    sums of kLanes rows times the low 16 bits of `factors`, and
//                                       kSteps times the zero points less the middle one, times its
//                                       high 16 bits
//   TableDot                            the look-ups for one panel:
//     kLowChunks, kHighChunks           chunks that the low planes and the high plane of a block
//                                       are cut into, each kChunkSizeBytes
//     Indices, load, load_high          one chunk, unpacked
//     Sum, begin                        of all rows of a panel
//     dot_low<chunk>, dot_high<chunk>   adds what the tables say of bits 0 and 1, and of bit 2
//     end                               Sums, for integers()
#pragma once

#include "backends/cpu/simd/simd.h"

#if defined(__wasm_simd128__)
#include "backends/cpu/simd/wasm_table_dot.h"
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "backends/cpu/simd/avx2_table_dot.h"
#else
#include "backends/cpu/simd/scalar_table_dot.h"
#endif
