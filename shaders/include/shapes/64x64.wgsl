// A tile of 64 rows by 64 tokens for 128 threads.
const tile_rows = 64u;
const tile_tokens = 64u;
const thread_tokens = 4u;
