// Sums and maxima over a workgroup, by subgroups of any size from 4 on and then through the
// workgroup's memory; every thread gets the result, and every thread must take part.
enable subgroups;

var<workgroup> partials: array<f32, workgroup_size / 4u>;

fn workgroup_sum(thread: u32, value: f32) -> f32 {
  let lanes = subgroupAdd(1u);
  let subgroup = subgroupMin(thread) / lanes;
  let own = subgroupAdd(value);
  if (subgroupElect()) {
    partials[subgroup] = own;
  }
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < (workgroup_size + lanes - 1u) / lanes; i++) {
    sum += partials[i];
  }
  workgroupBarrier();
  return sum;
}

fn workgroup_max(thread: u32, value: f32) -> f32 {
  let lanes = subgroupAdd(1u);
  let subgroup = subgroupMin(thread) / lanes;
  let own = subgroupMax(value);
  if (subgroupElect()) {
    partials[subgroup] = own;
  }
  workgroupBarrier();
  var largest = partials[0];
  for (var i = 1u; i < (workgroup_size + lanes - 1u) / lanes; i++) {
    largest = max(largest, partials[i]);
  }
  workgroupBarrier();
  return largest;
}
