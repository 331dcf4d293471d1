// The thin SIMD layer that kernels are written over: tessera::simd for the instruction set of the
// build.
//
// Every instruction set offers the same names, checked by tests/runtime/ops:
//   kLanes                   rows of a panel, or neighbouring floats, in one vector: 4 or 8
//   F32, I32                 vectors of kLanes floats, 32-bit integers
//   load, store, splat, add, ...
//                            element by element; multiply_add(a, b, c) = a * b + c, fused where the
//                            instruction set can
//   load_halves              kLanes finite f16 as floats
//   load_scales              kLanes scales of a block as floats: f16, or the bytes of q4s
// The integer dot products are in simd/integer_dots.h.
#pragma once

#if defined(__wasm_simd128__)
#include "backends/cpu/simd/wasm_dot.h"
#if defined(__wasm_relaxed_simd__)
#include "backends/cpu/simd/wasm_relaxed_dot.h"
#endif
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "backends/cpu/simd/avx2.h"
#include "backends/cpu/simd/avx2_dot.h"
#else
#include "backends/cpu/simd/scalar.h"
#include "backends/cpu/simd/scalar_dot.h"
#endif
