// Sums of rows over a workgroup, by subgroups of any size from 4 on and then through the
// workgroup's memory, at one barrier; every thread must take part, threads 0 and 1 get the result.
enable subgroups;

struct Totals {
  rows: array<Rows, sums_count>,
  squares: f32,
}

var<workgroup> partial_totals: array<Totals, workgroup_size / 4u>;

fn workgroup_totals(thread: u32, own: Totals) -> Totals {
  let lanes = subgroupAdd(1u);
  let subgroup = subgroupMin(thread) / lanes;
  var totals = own;
  for (var i = 0u; i < sums_count; i++) {
    totals.rows[i] = Rows(subgroupAdd(own.rows[i].low), subgroupAdd(own.rows[i].high));
  }
  if (is_normed) {
    totals.squares = subgroupAdd(own.squares);
  }
  if (subgroupElect()) {
    partial_totals[subgroup] = totals;
  }
  workgroupBarrier();
  if (thread < 2u) {
    totals = partial_totals[0];
    for (var other = 1u; other < (workgroup_size + lanes - 1u) / lanes; other++) {
      for (var i = 0u; i < sums_count; i++) {
        totals.rows[i].low += partial_totals[other].rows[i].low;
        totals.rows[i].high += partial_totals[other].rows[i].high;
      }
      totals.squares += partial_totals[other].squares;
    }
  }
  return totals;
}
