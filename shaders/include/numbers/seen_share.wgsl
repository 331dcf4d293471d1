// The positions that one of `splits` workgroups takes of those that a token at `position` sees.
// Needs of the parameters: context_tokens_max, window_tokens (0: no window), splits.
struct Share {
  begin: u32,
  end: u32,
}

fn share_of(split: u32, position: i32) -> Share {
  let seen_end = u32(clamp(position + 1, 0, i32(parameters.context_tokens_max)));
  let window = select(parameters.window_tokens, seen_end, parameters.window_tokens == 0u);
  let seen_begin = seen_end - min(seen_end, window);
  let size = (seen_end - seen_begin + parameters.splits - 1u) / parameters.splits;
  let begin = min(seen_begin + split * size, seen_end);
  return Share(begin, min(begin + size, seen_end));
}
