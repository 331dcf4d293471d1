// Weights q2.
#include "weights/q2_block.wgsl"
#include "weights/low_bits_vector.wgsl"
