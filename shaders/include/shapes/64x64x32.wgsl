// Tiles of 64 rows, 64 tokens and 32 columns.
const tile_rows = 64u;
const tile_tokens = 64u;
const tile_columns = 32u;
const thread_tokens = 4u;
