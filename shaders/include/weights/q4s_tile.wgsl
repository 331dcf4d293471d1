// Slices of q4s into a tile.
#include "weights/q4s.wgsl"
#include "weights/nibbles_tile.wgsl"
