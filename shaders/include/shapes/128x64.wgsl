// A tile of 128 rows by 64 tokens for 128 threads: fewer reads of the tile a product, but workgroup
// memory and registers for f16 only, and fewer workgroups.
const tile_rows = 128u;
const tile_tokens = 64u;
const thread_tokens = 8u;
