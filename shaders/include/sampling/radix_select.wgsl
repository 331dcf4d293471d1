// Selects among candidates without sorting them: histograms over 8 bits of a key at a time, the
// highest bits first. Amounts are integers of 64 bits, so that sums do not depend on their order.

// Which candidates are kept: those of a higher key, and of this key those of a lower id.
struct Cut {
  key: u32,
  id_end: u32,
}

// Keys are in order of the logits; -0 equals 0.
fn key_of(logit: f32) -> u32 {
  let bits = bitcast<u32>(select(logit, 0.0, logit == 0.0));
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}

fn keeps(cut: Cut, key: u32, id: u32) -> bool {
  return key > cut.key || (key == cut.key && id < cut.id_end);
}

const bin_count = 256u;
const bins_per_group = 16u;
const fixed_one = 2147483648.0;  // a weight of 1

var<workgroup> bins_low: array<atomic<u32>, bin_count>;
var<workgroup> bins_high: array<atomic<u32>, bin_count>;
var<workgroup> group_amounts: array<f32, bin_count / bins_per_group>;

fn add_to_bin(bin: u32, amount: u32) {
  if (amount > 0u && atomicAdd(&bins_low[bin], amount) > 0xffffffffu - amount) {
    atomicAdd(&bins_high[bin], 1u);
  }
}

fn bin_amount(bin: u32) -> f32 {
  return f32(atomicLoad(&bins_high[bin])) * 4294967296.0 + f32(atomicLoad(&bins_low[bin]));
}

fn clear_bins(thread: u32) {
  for (var bin = thread; bin < bin_count; bin += workgroup_size) {
    atomicStore(&bins_low[bin], 0u);
    atomicStore(&bins_high[bin], 0u);
  }
  workgroupBarrier();
}

struct Selected {
  key: u32,
  rest: f32,    // of the target, without what higher keys amount to
  amount: f32,  // of this key
}

var<workgroup> shared_selected: Selected;

// The highest bin at which the amounts from the top on reach the target; the lowest that is not
// empty if none does.
fn find_bin(target_amount: f32) -> Selected {
  var rest = target_amount;
  var group = bin_count / bins_per_group - 1u;
  while (group > 0u && group_amounts[group] < rest) {
    rest -= group_amounts[group];
    group--;
  }
  var found = Selected(group * bins_per_group, rest, 0.0);
  for (var i = 0u; i < bins_per_group; i++) {
    let bin = group * bins_per_group + bins_per_group - 1u - i;
    let amount = bin_amount(bin);
    if (amount > 0.0) {
      found = Selected(bin, rest, amount);
      if (amount >= rest) {
        break;
      }
      rest -= amount;
    }
  }
  return found;
}

// By keys of logits or, among the candidates with the cut's own key, by ids from the lowest on.
fn radix_select(thread: u32, count: u32, cut: Cut, by_id: bool, by_weight: bool,
                target_amount: f32) -> Selected {
  var selected = Selected(0u, max(target_amount, 1.0), 0.0);
  for (var shift = 32u; shift > 0u;) {
    shift -= 8u;
    clear_bins(thread);
    for (var i = thread; i < count; i += workgroup_size) {
      let candidate = candidate_at(i);
      let takes_part = select(keeps(cut, candidate.key, candidate.id), candidate.key == cut.key,
                              by_id);
      let key = select(candidate.key, ~candidate.id, by_id);
      if (takes_part && (shift == 24u || (key >> (shift + 8u)) == selected.key)) {
        add_to_bin((key >> shift) & 0xffu, select(1u, candidate.amount, by_weight));
      }
    }
    workgroupBarrier();
    if (thread < bin_count / bins_per_group) {
      var sum = 0.0;
      for (var i = 0u; i < bins_per_group; i++) {
        sum += bin_amount(thread * bins_per_group + i);
      }
      group_amounts[thread] = sum;
    }
    workgroupBarrier();
    if (thread == 0u) {
      let found = find_bin(selected.rest);
      shared_selected = Selected((selected.key << 8u) | found.key, found.rest, found.amount);
    }
    selected = workgroupUniformLoad(&shared_selected);
  }
  return selected;
}
