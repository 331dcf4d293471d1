#include "calibration/self_text.h"

#include <cmath>
#include <random>
#include <span>

namespace tessera::calibration {
namespace {

// Texts that are written side by side, so that a step multiplies matrices.
constexpr std::size_t kTextsAtOnce = 64;

// Keys and values of one text in one layer, [window_tokens, key_value_heads * head_size].
struct Cache {
  Matrix keys, values;
};

std::int32_t draw(const Eigen::Ref<const Vector>& logits, std::mt19937_64& random) {
  const Vector weights = (logits.array() - logits.maxCoeff()).exp();
  const double uniform = static_cast<double>(random() >> 11) * 0x1p-53;
  double rest = uniform * weights.cast<double>().sum();
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    rest -= weights(i);
    if (rest < 0.0) return static_cast<std::int32_t>(i);
  }
  Eigen::Index highest = 0;
  logits.maxCoeff(&highest);
  return static_cast<std::int32_t>(highest);
}

// Some texts, a token of each at a time.
class Writer {
 public:
  Writer(const FullModel& model, std::size_t texts, const SelfTextOptions& options,
         std::uint64_t first_seed)
      : model_(model), window_(options.window_tokens) {
    const DecoderConfiguration& c = *model.shape.configuration;
    const auto rows = static_cast<Eigen::Index>(window_);
    const Cache empty{Matrix(rows, c.key_value_heads * c.head_size),
                      Matrix(rows, c.key_value_heads * c.head_size)};
    caches_.assign(model.layers.size(), std::vector<Cache>(texts, empty));
    for (std::size_t i = 0; i < texts; ++i) randoms_.emplace_back(options.seed + first_seed + i);
  }

  // `out` holds the prompts, and gets the texts.
  void write(std::span<TaughtText> out) {
    const Eigen::Index hidden = model_.embedding.cols();
    for (TaughtText& text : out) text.states.resize(static_cast<Eigen::Index>(window_), hidden);
    for (std::size_t position = 0; position < window_; ++position) {
      Tokens ids;
      for (const TaughtText& text : out) ids.push_back(text.tokens[position]);
      const Matrix states = step(ids, static_cast<Eigen::Index>(position));
      const Matrix logits = states * model_.output_matrix().transpose();
      for (std::size_t i = 0; i < out.size(); ++i) {
        const auto row = static_cast<Eigen::Index>(i);
        out[i].states.row(static_cast<Eigen::Index>(position)) = states.row(row);
        const bool is_last = position + 1 == window_;
        if (!is_last && out[i].tokens.size() == position + 1) {
          out[i].tokens.push_back(draw(logits.row(row), randoms_[i]));
        }
      }
    }
  }

 private:
  Matrix step(const Tokens& ids, Eigen::Index position) {
    const float epsilon = model_.shape.configuration->rms_epsilon;
    Matrix x = embed(model_.embedding, ids);
    for (std::size_t i = 0; i < model_.layers.size(); ++i) {
      const FloatLayer& layer = model_.layers[i];
      const Matrix normed = rms_norm(x, layer.attention_norm, epsilon);
      x += layer.linears[kOutput](attend(layer, normed, position, caches_[i]));
      x += layer.linears[kDown](gated(layer, model_.shape, rms_norm(x, layer.mlp_norm, epsilon)));
    }
    return rms_norm(x, model_.final_norm, epsilon);
  }

  // One row for each text, all of which are at the same position.
  Matrix attend(const FloatLayer& layer, const Matrix& normed, Eigen::Index position,
                std::vector<Cache>& caches) const {
    const DecoderConfiguration& c = *model_.shape.configuration;
    Matrix query = layer.linears[kQuery](normed);
    Matrix key = layer.linears[kKey](normed);
    const Matrix value = layer.linears[kValue](normed);
    norm_heads(query, layer.query_norm, c.rms_epsilon);
    norm_heads(key, layer.key_norm, c.rms_epsilon);
    const float scale = 1.0f / std::sqrt(static_cast<float>(c.head_size));
    const Eigen::Index first =
        layer.window_tokens > 0 ? std::max<Eigen::Index>(0, position - layer.window_tokens + 1) : 0;
    const Eigen::Index seen = position - first + 1;
    Matrix out(query.rows(), query.cols());
    for (Eigen::Index text = 0; text < query.rows(); ++text) {
      Matrix own_query = query.row(text), own_key = key.row(text);
      rotate(own_query, model_.shape, position, 1.0f);
      rotate(own_key, model_.shape, position, 1.0f);
      Cache& cache = caches[static_cast<std::size_t>(text)];
      cache.keys.row(position) = own_key;
      cache.values.row(position) = value.row(text);
      for (std::int64_t head = 0; head < c.query_heads; ++head) {
        const Eigen::Index at = head / (c.query_heads / c.key_value_heads) * c.head_size;
        Vector scores = scale * own_query.middleCols(head * c.head_size, c.head_size) *
                        cache.keys.block(first, at, seen, c.head_size).transpose();
        scores = (scores.array() - scores.maxCoeff()).exp();
        scores /= scores.sum();
        out.row(text).segment(head * c.head_size, c.head_size).noalias() =
            scores * cache.values.block(first, at, seen, c.head_size);
      }
    }
    return out;
  }

  const FullModel& model_;
  std::size_t window_;
  std::vector<std::vector<Cache>> caches_;  // by layer, then by text
  std::vector<std::mt19937_64> randoms_;
};

}  // namespace

Texts make_prompts(const Texts& texts, std::optional<std::int32_t> start_id, std::size_t count) {
  constexpr std::size_t kPromptTokens = 16;
  std::mt19937_64 random(count);
  Texts prompts;
  for (std::size_t i = 0; i < count; ++i) {
    if (start_id && i % 3 == 0) {
      prompts.push_back({*start_id});
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
  const std::size_t batches = (texts.size() + kTextsAtOnce - 1) / kTextsAtOnce;
  const auto threads = static_cast<std::size_t>(std::max(1, options.threads));
  for (std::size_t first = 0; first < batches; first += threads) {
    const std::size_t count = std::min(threads, batches - first);
    for_each_index(static_cast<std::int64_t>(count), options.threads, [&](std::int64_t i, int) {
      const std::size_t begin = (first + static_cast<std::size_t>(i)) * kTextsAtOnce;
      const std::size_t size = std::min(kTextsAtOnce, texts.size() - begin);
      Writer(model, size, options, begin).write(std::span(texts).subspan(begin, size));
    });
    if (options.on_progress) {
      options.on_progress(std::min(texts.size(), (first + count) * kTextsAtOnce), texts.size());
    }
  }
  return texts;
}

}  // namespace tessera::calibration
