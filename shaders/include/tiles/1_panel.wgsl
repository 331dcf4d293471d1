// One panel at a time.
const sums_count = 1u;
#include "tiles/panels.wgsl"
