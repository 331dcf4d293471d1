// record_fused: a peephole over ops in order. Each pattern says which ops it takes together; where
// none fits, an op is recorded by itself. A tensor in between is left unwritten only if nothing
// reads it later.
#include <algorithm>
#include <span>
#include <variant>
#include <vector>

#include "backends/webgpu/attention.h"
#include "backends/webgpu/matmul.h"
#include "ops/operands.h"

namespace tessera::webgpu {
namespace {

class Fusion {
 public:
  Fusion(std::span<const Op> ops, std::span<const TensorRef> results, Recorder& recorder)
      : ops_(ops), results_(results), recorder_(recorder) {}

  Result<void> record_all() {
    while (next_ < ops_.size()) {
      TESSERA_TRY(const std::size_t taken, record_next());
      next_ += taken;
    }
    return {};
  }

 private:
  // How many ops were recorded.
  Result<std::size_t> record_next() {
    for (const auto pattern :
         {&Fusion::take_attention, &Fusion::take_products, &Fusion::take_residual}) {
      TESSERA_TRY(const std::size_t taken, (this->*pattern)());
      if (taken > 0) return taken;
    }
    TESSERA_TRY_VOID(
        std::visit([&](const auto& op) { return record(op, recorder_); }, ops_[next_]));
    return std::size_t{1};
  }

  template <typename T>
  const T* op_at(std::size_t index) const {
    return index < ops_.size() ? std::get_if<T>(&ops_[index]) : nullptr;
  }

  // Whether anything from ops_[index] on, or the caller, reads what is in the tensor now.
  bool is_needed_from(const TensorRef& tensor, std::size_t index) const {
    const auto touches = [&](const TensorRef& other) { return overlap(tensor, other); };
    for (; index < ops_.size(); ++index) {
      const Operands operands = operands_of(ops_[index]);
      if (std::ranges::any_of(operands.reads, touches)) return true;
      const bool is_replaced = std::ranges::any_of(operands.writes, [&](const TensorRef& written) {
        return is_same_place(tensor, written);
      });
      if (is_replaced) return false;
    }
    return std::ranges::any_of(results_, touches);
  }

  // [RmsNorm, RmsNorm,] Rope, Rope, KvWrite [, Attention of one token or over packed caches]
  Result<std::size_t> take_attention() {
    RopeKvWrite plan;
    std::size_t index = next_;
    plan.query_norm = op_at<RmsNorm>(index);
    if (plan.query_norm != nullptr) plan.key_norm = op_at<RmsNorm>(++index);
    if (plan.key_norm != nullptr) ++index;
    plan.query = op_at<Rope>(index);
    plan.key = op_at<Rope>(index + 1);
    plan.write = op_at<KvWrite>(index + 2);
    if (!belong_together(plan) || is_needed_from(plan.key->x, index + 3)) return std::size_t{0};
    const auto* attention = op_at<Attention>(index + 3);
    const bool takes_it = attention != nullptr && takes(plan, *attention, index + 4);
    if (takes_it && plan.write->key_cache.type == DataType::kKvRows) {
      plan.turns_query_for = attention;
      TESSERA_TRY_VOID(record(plan, recorder_));
      TESSERA_TRY_VOID(record_turned(*attention, recorder_));
      return index + 4 - next_;
    }
    if (takes_it && attention->query.shape[0] == 1) {
      TESSERA_TRY_VOID(record(plan, *attention, recorder_));
      return index + 4 - next_;
    }
    TESSERA_TRY_VOID(record(plan, recorder_));
    return index + 3 - next_;
  }

  static bool norms_in_place(const RmsNorm* norm, const Rope& rope) {
    return is_same_place(norm->x, rope.x) && is_same_place(norm->out, rope.x) &&
           norm->x.shape[1] == rope.x.shape[2];
  }

  static bool belong_together(const RopeKvWrite& plan) {
    if (plan.query == nullptr || plan.key == nullptr || plan.write == nullptr) return false;
    const Rope& query = *plan.query;
    const Rope& key = *plan.key;
    if (plan.query_norm != nullptr &&
        (plan.key_norm == nullptr || !norms_in_place(plan.query_norm, query) ||
         !norms_in_place(plan.key_norm, key))) {
      return false;
    }
    return query.x.shape.element_count() > 0 && key.x.shape.element_count() > 0 &&
           query.frequencies.shape[0] > 0 && query.x.shape[2] == key.x.shape[2] &&
           is_same_place(query.positions, key.positions) &&
           is_same_place(query.positions, plan.write->positions) &&
           is_same_place(query.frequencies, key.frequencies) &&
           query.attention_scale == key.attention_scale && is_same_place(key.x, plan.write->key) &&
           !overlap(query.x, key.x) && !overlap(query.x, plan.write->value) &&
           !overlap(key.x, plan.write->value);
  }

  // `after`: the op that follows the attention.
  bool takes(const RopeKvWrite& plan, const Attention& op, std::size_t after) const {
    return is_same_place(op.query, plan.query->x) &&
           is_same_place(op.positions, plan.query->positions) &&
           is_same_place(op.key_cache, plan.write->key_cache) &&
           is_same_place(op.value_cache, plan.write->value_cache) &&
           !overlap(op.out, plan.key->x) && !overlap(op.out, plan.write->value) &&
           !is_needed_from(op.query, after);
  }

  // [RmsNorm,] MatMuls of one x, few tokens [, GatedActivation]
  Result<std::size_t> take_products() {
    const auto* norm = op_at<RmsNorm>(next_);
    const std::size_t first = norm == nullptr ? next_ : next_ + 1;
    const std::vector<MatMul> members = products_from(first, norm);
    if (members.empty() || (norm == nullptr && members.size() < 2)) return std::size_t{0};
    const std::size_t after = first + members.size();
    if (norm != nullptr && is_needed_from(norm->out, after)) return std::size_t{0};
    if (const auto* gated = op_at<GatedActivation>(after);
        gated != nullptr && members.size() >= 2 && takes_gate(members, *gated, norm, after + 1)) {
      TESSERA_TRY_VOID(record({.members = members, .norm = norm, .gated = gated}, recorder_));
      return after + 1 - next_;
    }
    TESSERA_TRY_VOID(record_in_runs(members, norm));
    return after - next_;
  }

  // The MatMuls in a row that read the same x, if they may all be done at once.
  std::vector<MatMul> products_from(std::size_t index, const RmsNorm* norm) const {
    std::vector<MatMul> members;
    for (const auto* op = op_at<MatMul>(index); op != nullptr; op = op_at<MatMul>(++index)) {
      const TensorRef& x = norm != nullptr ? norm->out : op_at<MatMul>(index)->x;
      if (members.size() == 3 || op->x.shape[0] >= kTileTokensMin || op->x.shape[0] == 0 ||
          op->weight.shape[0] == 0 || op->x.shape[1] == 0 || !is_same_place(op->x, x) ||
          (!members.empty() && !is_same_place(op->x, members[0].x)) ||
          (norm != nullptr && (overlap(op->out, norm->x) || norm->x.shape != op->x.shape)) ||
          overlaps_any(op->out, members)) {
        break;
      }
      members.push_back(*op);
    }
    return members;
  }

  static bool overlaps_any(const TensorRef& tensor, std::span<const MatMul> members) {
    return std::ranges::any_of(members, [&](const MatMul& member) {
      return overlap(tensor, member.out) || overlap(tensor, member.x);
    });
  }

  bool takes_gate(const std::vector<MatMul>& members, const GatedActivation& gated,
                  const RmsNorm* norm, std::size_t after) const {
    const TensorRef& x = norm != nullptr ? norm->x : members[0].x;
    const auto is_left = [&](const TensorRef& tensor) {
      return is_same_place(tensor, gated.out) || !is_needed_from(tensor, after);
    };
    return members.size() == 2 && is_same_place(members[0].out, gated.gate) &&
           is_same_place(members[1].out, gated.up) && takes_several(members, recorder_) &&
           !overlap(gated.out, x) && is_left(members[0].out) && is_left(members[1].out);
  }

  // Those of one type in one dispatch each.
  Result<void> record_in_runs(std::span<const MatMul> members, const RmsNorm* norm) {
    while (!members.empty()) {
      std::size_t count = members.size();
      while (count > 1 && !takes_several(members.first(count), recorder_)) --count;
      TESSERA_TRY_VOID(record({.members = members.first(count), .norm = norm}, recorder_));
      members = members.subspan(count);
    }
    return {};
  }

  // MatMul, Add of its out
  Result<std::size_t> take_residual() {
    const auto* product = op_at<MatMul>(next_);
    const auto* add = op_at<Add>(next_ + 1);
    if (product == nullptr || add == nullptr) return std::size_t{0};
    const bool is_a = is_same_place(add->a, product->out);
    const bool is_b = is_same_place(add->b, product->out);
    const TensorRef& other = is_a ? add->b : add->a;
    const bool fits =
        is_a != is_b && add->out.shape.element_count() > 0 && !overlap(other, product->out) &&
        !overlap(add->out, product->x) &&
        (is_same_place(add->out, other) || !overlap(add->out, other)) &&
        (is_same_place(add->out, product->out) || !is_needed_from(product->out, next_ + 2));
    if (!fits) return std::size_t{0};
    TESSERA_TRY_VOID(record({.members = {product, 1}, .residual = add}, recorder_));
    return std::size_t{2};
  }

  std::span<const Op> ops_;
  std::span<const TensorRef> results_;
  Recorder& recorder_;
  std::size_t next_ = 0;
};

}  // namespace

Result<void> record_fused(std::span<const Op> ops, std::span<const TensorRef> results,
                          Recorder& recorder) {
  return Fusion(ops, results, recorder).record_all();
}

}  // namespace tessera::webgpu
