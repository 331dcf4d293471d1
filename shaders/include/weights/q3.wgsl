// Weights q3.
#include "weights/q3_block.wgsl"
#include "weights/low_bits_vector.wgsl"
