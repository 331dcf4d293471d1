// Tiles of 128 rows, 64 tokens and 32 columns: fewer reads of a tile for each product, but
// workgroup memory and registers for f16 only, and fewer workgroups.
const tile_rows = 128u;
const tile_tokens = 64u;
const tile_columns = 32u;
const thread_tokens = 8u;
