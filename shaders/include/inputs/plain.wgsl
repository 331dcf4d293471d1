// x as it is.
const is_normed = false;
