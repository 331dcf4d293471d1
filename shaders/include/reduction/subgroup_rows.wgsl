// Sums of rows over a workgroup, by subgroups of any size from 4 on and then through the
// workgroup's memory; every thread gets the result, and every thread must take part.
enable subgroups;

var<workgroup> partial_rows: array<Rows, workgroup_size / 4u>;

fn workgroup_sum_rows(thread: u32, value: Rows) -> Rows {
  let lanes = subgroupAdd(1u);
  let subgroup = subgroupMin(thread) / lanes;
  let own = Rows(subgroupAdd(value.low), subgroupAdd(value.high));
  if (subgroupElect()) {
    partial_rows[subgroup] = own;
  }
  workgroupBarrier();
  var sum = partial_rows[0];
  for (var i = 1u; i < (workgroup_size + lanes - 1u) / lanes; i++) {
    sum.low += partial_rows[i].low;
    sum.high += partial_rows[i].high;
  }
  workgroupBarrier();
  return sum;
}
