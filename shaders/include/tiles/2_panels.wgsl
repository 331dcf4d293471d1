// Two panels at a time share x.
const sums_count = 2u;
#include "tiles/panels.wgsl"
