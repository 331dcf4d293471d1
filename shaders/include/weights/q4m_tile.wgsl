// Slices of q4m into a tile.
#include "weights/q4m.wgsl"
#include "weights/nibbles_tile.wgsl"
