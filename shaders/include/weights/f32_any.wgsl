// Weights f32, row-major, with any number of columns.
#include "units/word.wgsl"
#include "weights/f32_element.wgsl"
#include "weights/dense_any.wgsl"
