// A workgroup's tile: one panel of one matrix.
const tile_panels = 1u;
#include "tiles/panels.wgsl"
