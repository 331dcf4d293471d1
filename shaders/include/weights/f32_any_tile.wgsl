// Slices of f32 weights with any number of columns into a tile.
#include "weights/f32_any.wgsl"
#include "weights/dense_any_tile.wgsl"
