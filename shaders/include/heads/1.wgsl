// One query head at once.
const heads_at_once = 1u;
