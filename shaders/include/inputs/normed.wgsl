// x normed first: x / sqrt(mean(x^2) + epsilon) * norm. The root is the same for all columns and
// waits until the sums are there.
const is_normed = true;
