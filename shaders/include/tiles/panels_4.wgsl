// A workgroup's tile: four panels of one matrix.
const tile_panels = 4u;
#include "tiles/panels.wgsl"
