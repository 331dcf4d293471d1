#include "calibration/self_text.h"

#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <span>

#include "calibration/matrix_product.h"

namespace tessera::calibration {
namespace {

// Texts that a thread writes side by side, so that a step multiplies matrices: the weights are read
// from memory once for all of them.
constexpr std::size_t kTextsAtOnceMin = 16, kTextsAtOnceMax = 96;

// As many for every thread, so that none waits for the others.
std::size_t texts_at_once(std::size_t texts, std::size_t threads) {
  const auto quotient_up = [](std::size_t a, std::size_t b) { return (a + b - 1) / b; };
  const std::size_t rounds =
      std::max<std::size_t>(1, quotient_up(texts, threads * kTextsAtOnceMax));
  return std::max(kTextsAtOnceMin, quotient_up(texts, rounds * threads));
}

// The matrices of the model, laid out for a step of many texts.
struct PackedModel {
  std::vector<std::array<PackedFactor, kLinearCount>> layers;
  PackedFactor output;

  PackedModel(const FullModel& model, int threads) : layers(model.layers.size()) {
    for_each_index(std::ssize(layers), threads, [&](std::int64_t index, int) {
      const auto layer = static_cast<std::size_t>(index);
      for (std::size_t i = 0; i < kLinearCount; ++i) {
        layers[layer][i] = PackedFactor(view_of(model.layers[layer].linears[i].weight.transpose()));
      }
    });
    output = PackedFactor(view_of(model.output_matrix().transpose()));
  }
};

// Keys and values of one text in one layer, [window_tokens, key_value_heads * head_size].
struct Cache {
  Matrix keys, values;
};

std::int32_t draw(const Eigen::Ref<const Vector>& logits, std::mt19937_64& random) {
  const Vector weights = (logits.array() - logits.maxCoeff()).exp();
  const double uniform = static_cast<double>(random() >> 11) * 0x1p-53;
  // Sums of pieces find the piece that the token is in.
  constexpr Eigen::Index kPieceTokens = 256;
  std::vector<double> sums;
  for (Eigen::Index at = 0; at < weights.size(); at += kPieceTokens) {
    const Eigen::Index count = std::min(kPieceTokens, weights.size() - at);
    sums.push_back(double{weights.segment(at, count).sum()});
  }
  double rest = uniform * std::accumulate(sums.begin(), sums.end(), 0.0);
  Eigen::Index piece = 0;
  while (piece + 1 < std::ssize(sums) && rest >= sums[static_cast<std::size_t>(piece)]) {
    rest -= sums[static_cast<std::size_t>(piece++)];
  }
  const Eigen::Index first = piece * kPieceTokens;
  for (Eigen::Index i = first; i < std::min(first + kPieceTokens, weights.size()); ++i) {
    rest -= double{weights(i)};
    if (rest < 0.0) return static_cast<std::int32_t>(i);
  }
  Eigen::Index highest = 0;
  logits.maxCoeff(&highest);
  return static_cast<std::int32_t>(highest);
}

// Some texts, a token of each at a time.
class Writer {
 public:
  Writer(const FullModel& model, const PackedModel& packed, std::size_t texts,
         const SelfTextOptions& options, std::uint64_t first_seed)
      : model_(model), packed_(packed), window_(options.window_tokens) {
    const DecoderConfiguration& c = *model.shape.configuration;
    const auto rows = static_cast<Eigen::Index>(window_);
    const Cache empty{Matrix(rows, c.key_value_heads * c.head_size),
                      Matrix(rows, c.key_value_heads * c.head_size)};
    caches_.assign(model.layers.size(), std::vector<Cache>(texts, empty));
    for (std::size_t i = 0; i < texts; ++i) randoms_.emplace_back(options.seed + first_seed + i);
  }

  // `out` holds the prompts, and gets the texts. `on_position` is called after every position.
  void write(std::span<TaughtText> out, const std::function<void()>& on_position) {
    const Eigen::Index hidden = model_.embedding.cols();
    for (TaughtText& text : out) text.states.resize(static_cast<Eigen::Index>(window_), hidden);
    for (std::size_t position = 0; position < window_; ++position) {
      Tokens ids;
      for (const TaughtText& text : out) ids.push_back(text.tokens[position]);
      const Matrix states = step(ids, static_cast<Eigen::Index>(position));
      const bool is_drawn = std::ranges::any_of(
          out, [&](const TaughtText& text) { return text.tokens.size() == position + 1; });
      const Matrix logits = is_drawn ? packed_.output.times(states) : Matrix();
      for (std::size_t i = 0; i < out.size(); ++i) {
        const auto row = static_cast<Eigen::Index>(i);
        out[i].states.row(static_cast<Eigen::Index>(position)) = states.row(row);
        const bool is_last = position + 1 == window_;
        if (!is_last && out[i].tokens.size() == position + 1) {
          out[i].tokens.push_back(draw(logits.row(row), randoms_[i]));
        }
      }
      if (on_position) on_position();
    }
  }

 private:
  Matrix step(const Tokens& ids, Eigen::Index position) {
    const float epsilon = model_.shape.configuration->rms_epsilon;
    Matrix x = embed(model_.embedding, ids);
    for (std::size_t i = 0; i < model_.layers.size(); ++i) {
      const FloatLayer& layer = model_.layers[i];
      const Matrix normed = rms_norm(x, layer.attention_norm, epsilon);
      x += linear(i, kOutput, attend(i, normed, position));
      const Matrix mlp_input = rms_norm(x, layer.mlp_norm, epsilon);
      Matrix gate = linear(i, kGate, mlp_input);
      activate(gate, model_.shape.configuration->activation);
      x += linear(i, kDown, gate.cwiseProduct(linear(i, kUp, mlp_input)));
    }
    return rms_norm(x, model_.final_norm, epsilon);
  }

  Matrix linear(std::size_t layer, LinearIndex index, const Matrix& x) const {
    Matrix out = packed_.layers[layer][index].times(x);
    const Vector& bias = model_.layers[layer].linears[index].bias;
    if (bias.size() > 0) out.rowwise() += bias;
    return out;
  }

  // One row for each text, all of which are at the same position.
  Matrix attend(std::size_t index, const Matrix& normed, Eigen::Index position) {
    const FloatLayer& layer = model_.layers[index];
    const DecoderConfiguration& c = *model_.shape.configuration;
    Matrix query = linear(index, kQuery, normed);
    Matrix key = linear(index, kKey, normed);
    const Matrix value = linear(index, kValue, normed);
    norm_heads(query, layer.query_norm, c.rms_epsilon);
    norm_heads(key, layer.key_norm, c.rms_epsilon);
    query *= 1.0f / std::sqrt(static_cast<float>(c.head_size));
    const Eigen::Index first =
        layer.window_tokens > 0 ? std::max<Eigen::Index>(0, position - layer.window_tokens + 1) : 0;
    const std::int64_t heads_per_key = c.query_heads / c.key_value_heads;
    Matrix out(query.rows(), query.cols());
    for (Eigen::Index text = 0; text < query.rows(); ++text) {
      Matrix own_query = query.row(text), own_key = key.row(text);
      rotate(own_query, model_.shape, position, 1.0f);
      rotate(own_key, model_.shape, position, 1.0f);
      Cache& cache = caches_[index][static_cast<std::size_t>(text)];
      cache.keys.row(position) = own_key;
      cache.values.row(position) = value.row(text);
      for (std::int64_t head = 0; head < c.key_value_heads; ++head) {
        const Eigen::Index at = head * c.head_size, from = head * heads_per_key * c.head_size;
        attend_heads(own_query.data() + from,
                     cache.keys.block(first, at, position - first + 1, c.head_size),
                     cache.values.block(first, at, position - first + 1, c.head_size),
                     out.row(text).data() + from);
      }
    }
    return out;
  }

  // The query heads that share these keys and values, [positions, head_size].
  void attend_heads(const float* query, const Eigen::Ref<const Matrix>& keys,
                    const Eigen::Ref<const Matrix>& values, float* out) const {
    const DecoderConfiguration& c = *model_.shape.configuration;
    const Eigen::Index heads = c.query_heads / c.key_value_heads;
    for (Eigen::Index head = 0; head < heads; ++head) {
      const Eigen::Map<const Vector> own(query + head * c.head_size, c.head_size);
      Vector scores = own * keys.transpose();
      scores = (scores.array() - scores.maxCoeff()).exp();
      scores /= scores.sum();
      Eigen::Map<Vector>(out + head * c.head_size, c.head_size).noalias() = scores * values;
    }
  }

  const FullModel& model_;
  const PackedModel& packed_;
  std::size_t window_;
  std::vector<std::vector<Cache>> caches_;  // by layer, then by text
  std::vector<std::mt19937_64> randoms_;
};

}  // namespace

Texts make_prompts(const Texts& texts, const Texts& openings, std::size_t count) {
  constexpr std::size_t kPromptTokens = 16;
  const std::size_t every = openings.size() > 1 ? 2 : 3;
  std::mt19937_64 random(count);
  Texts prompts;
  for (std::size_t i = 0; i < count; ++i) {
    if (!openings.empty() && i % every == 0) {
      prompts.push_back(openings[i / every % openings.size()]);
      continue;
    }
    const Tokens& text = texts[random() % texts.size()];
    const std::size_t size = std::min(kPromptTokens, text.size());
    const auto first =
        text.begin() + static_cast<std::ptrdiff_t>(random() % (text.size() - size + 1));
    prompts.emplace_back(first, first + static_cast<std::ptrdiff_t>(size));
  }
  return prompts;
}

std::vector<TaughtText> write_texts(const FullModel& model, const Texts& prompts,
                                    const SelfTextOptions& options) {
  std::vector<TaughtText> texts;
  for (const Tokens& prompt : prompts) texts.push_back({prompt, {}});
  const PackedModel packed(model, options.threads);
  const auto threads = static_cast<std::size_t>(std::max(1, options.threads));
  const std::size_t at_once = texts_at_once(texts.size(), threads);
  const std::size_t batches = (texts.size() + at_once - 1) / at_once;
  // The first thread counts for all, which have as many batches or one fewer.
  const std::size_t positions = (batches + threads - 1) / threads * options.window_tokens;
  std::size_t done = 0;
  const auto count_position = [&] { options.on_progress(++done, positions); };
  for_each_index(static_cast<std::int64_t>(batches), options.threads,
                 [&](std::int64_t i, int thread) {
                   const std::size_t begin = static_cast<std::size_t>(i) * at_once;
                   const std::size_t size = std::min(at_once, texts.size() - begin);
                   Writer writer(model, packed, size, options, begin);
                   const bool is_counted = thread == 0 && options.on_progress;
                   writer.write(std::span(texts).subspan(begin, size),
                                is_counted ? count_position : std::function<void()>());
                 });
  return texts;
}

}  // namespace tessera::calibration
