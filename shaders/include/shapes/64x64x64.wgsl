// Tiles of 64 rows, 64 tokens and 64 columns: fewer barriers, in workgroup memory for f16 only.
const tile_rows = 64u;
const tile_tokens = 64u;
const tile_columns = 64u;
const thread_tokens = 4u;
