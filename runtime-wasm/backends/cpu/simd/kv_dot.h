// The integer dot products of attention over a packed KV cache: of the codes of rows, which are
// signed bytes, with numbers of 16 bits that stand for a query or for the weights of values. Sums
// are exact, modulo 2^32.
//
//   with_kv_dot(kernel)            kernel(Dot()), for the fastest Dot of this processor:
//     kPasses, kNumberSizeBytes    numbers are kept whole (one pass, 2 bytes) or as two digits of 8
//                                  bits, all upper ones first (two passes, 1 byte)
//     kCodeOffset                  what load_row adds to codes, lest one be negative
//     kQueryMax                    the largest magnitude of a query's numbers
//     kWeightMax                   the largest number of a weight, which is not negative
//     kColumns                     codes of a row that load_row takes
//     kRowsTogether                rows whose codes one lane adds up: 4 bytes of numbers in a pass
//     Codes, Numbers               vectors of either
//     load_row                     kColumns codes of one row, plus kCodeOffset
//     load_columns                 kLanes columns of rows that `interleave` put together
//     load_numbers, splat_numbers  as many numbers as codes; 4 bytes of them, in every lane
//     dot_row(sum, codes, numbers) sum + what each lane's products add up to, of a row's codes
//     dot(sum, codes, numbers)     the same for columns
//     store_two_sums               what the lanes of each of two sums add up to
//     encode_query                 the integers nearest to 16 floats, whose digits are signed; the
//                                  second pass's `pass_size_bytes` behind the first's
//     encode_weights               16 floats times a factor, plus an offset, rounded down and no
//                                  more than kWeightMax
//     interleave                   16 columns of kRowsTogether rows, 4 bytes for each column
//
// And for unpacking a row's codes (kv_rows.h), 16 at a time:
//   Bytes, load_bytes, store_bytes  16 bytes
//   upper_digits, lower_digits      the upper and the lower 4 bits of each
//   entries_of(table, digits)       the bytes of a table of 16 that digits are the indices of
//   add_bytes                       sums that fit into signed bytes
#pragma once

#include "backends/cpu/simd/simd.h"

#if defined(__wasm_relaxed_simd__)
#include "backends/cpu/simd/wasm_relaxed_kv_dot.h"
#elif defined(__wasm_simd128__)
#include "backends/cpu/simd/wasm_kv_dot.h"
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "backends/cpu/simd/avx2_kv_dot.h"
#else
#include "backends/cpu/simd/scalar_kv_dot.h"
#endif

namespace tessera::simd {

template <typename Kernel>
auto with_kv_dot(Kernel kernel) {
#if defined(__wasm_relaxed_simd__)
  static const bool has_digits = DigitKvDot::is_exact();
  if (has_digits) return kernel(DigitKvDot());
#endif
  return kernel(WideKvDot());
}

}  // namespace tessera::simd
