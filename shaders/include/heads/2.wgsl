// Two query heads at once.
const heads_at_once = 2u;
