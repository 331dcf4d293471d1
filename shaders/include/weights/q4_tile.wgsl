// Slices of q4 into a tile.
#include "weights/q4.wgsl"
#include "weights/nibbles_tile.wgsl"
