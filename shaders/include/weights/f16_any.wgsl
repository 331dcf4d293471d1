// Weights f16, row-major, with any number of columns.
#include "units/word.wgsl"
#include "weights/f16_element.wgsl"
#include "weights/dense_any.wgsl"
