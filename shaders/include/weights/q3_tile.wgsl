// Slices of q3 into a tile.
#include "weights/q3_block.wgsl"
#include "weights/low_bits_tile.wgsl"
