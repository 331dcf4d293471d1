// Slices of f16 weights with any number of columns into a tile.
#include "weights/f16_any.wgsl"
#include "weights/dense_any_tile.wgsl"
