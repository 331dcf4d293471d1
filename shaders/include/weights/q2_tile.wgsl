// Slices of q2 into a tile.
#include "weights/q2_block.wgsl"
#include "weights/low_bits_tile.wgsl"
