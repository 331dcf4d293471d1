// Weights f32, row-major, with any number of columns.
#include "weights/f32_element.wgsl"
#include "weights/dense_any.wgsl"
