// Four query heads at once.
const heads_at_once = 4u;
