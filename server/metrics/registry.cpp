#include "server/metrics/registry.h"

#include <algorithm>
#include <charconv>

namespace tessera {
namespace {

std::string number_text(double value) {
  char text[32];
  const auto result = std::to_chars(text, text + sizeof text, value);
  return std::string(text, result.ptr);
}

std::string escaped(std::string_view value) {
  std::string text;
  for (const char character : value) {
    if (character == '\n') {
      text += "\\n";
      continue;
    }
    if (character == '"' || character == '\\') text += '\\';
    text += character;
  }
  return text;
}

// {a="1",b="2"}, or nothing without labels.
std::string labels_text(const Labels& labels) {
  if (labels.empty()) return {};
  std::string text = "{";
  for (const auto& [name, value] : labels) {
    if (text.size() > 1) text += ',';
    text += name + "=\"" + escaped(value) + '"';
  }
  return text + '}';
}

void append_value(std::string& out, const std::string& name, const Labels& labels,
                  const Counter& counter) {
  out += name + labels_text(labels) + ' ' + std::to_string(counter.value()) + '\n';
}

void append_value(std::string& out, const std::string& name, const Labels& labels,
                  const Gauge& gauge) {
  out += name + labels_text(labels) + ' ' + number_text(gauge.value()) + '\n';
}

void append_value(std::string& out, const std::string& name, const Labels& labels,
                  const Histogram& histogram) {
  std::uint64_t total = 0;
  for (std::size_t index = 0; index < histogram.counts().size(); ++index) {
    total += histogram.counts()[index];
    const bool is_last = index == histogram.upper_bounds().size();
    Labels with_bound = labels;
    with_bound.emplace_back("le", is_last ? "+Inf" : number_text(histogram.upper_bounds()[index]));
    out += name + "_bucket" + labels_text(with_bound) + ' ' + std::to_string(total) + '\n';
  }
  out += name + "_sum" + labels_text(labels) + ' ' + number_text(histogram.sum()) + '\n';
  out += name + "_count" + labels_text(labels) + ' ' + std::to_string(total) + '\n';
}

}  // namespace

Histogram::Histogram(std::vector<double> upper_bounds)
    : upper_bounds_(std::move(upper_bounds)), counts_(upper_bounds_.size() + 1) {}

void Histogram::observe(double value) {
  const auto bound = std::ranges::lower_bound(upper_bounds_, value);
  ++counts_[static_cast<std::size_t>(bound - upper_bounds_.begin())];
  sum_ += value;
}

template <typename Metric>
struct Labelled {
  Labels labels;
  std::unique_ptr<Metric> metric;
};

// All metrics of one name; only the list of its kind is used.
struct Registry::Family {
  std::string name;
  std::string about;
  std::string kind;
  std::vector<Labelled<Counter>> counters;
  std::vector<Labelled<Gauge>> gauges;
  std::vector<Labelled<Histogram>> histograms;
};

namespace {

template <typename Metric, typename... Arguments>
Metric& find_or_add(std::vector<Labelled<Metric>>& metrics, const Labels& labels,
                    const Arguments&... arguments) {
  const auto found = std::ranges::find(metrics, labels, &Labelled<Metric>::labels);
  if (found != metrics.end()) return *found->metric;
  metrics.push_back({labels, std::make_unique<Metric>(arguments...)});
  return *metrics.back().metric;
}

}  // namespace

Registry::Registry() = default;
Registry::~Registry() = default;

Registry::Family& Registry::family(std::string_view name, std::string_view about,
                                   std::string_view kind) {
  for (const auto& family : families_) {
    if (family->name == name) return *family;
  }
  auto family = std::make_unique<Family>();
  family->name = name;
  family->about = about;
  family->kind = kind;
  families_.push_back(std::move(family));
  return *families_.back();
}

Counter& Registry::counter(std::string_view name, std::string_view about, const Labels& labels) {
  return find_or_add(family(name, about, "counter").counters, labels);
}

Gauge& Registry::gauge(std::string_view name, std::string_view about, const Labels& labels) {
  return find_or_add(family(name, about, "gauge").gauges, labels);
}

Histogram& Registry::histogram(std::string_view name, std::string_view about,
                               const std::vector<double>& upper_bounds, const Labels& labels) {
  return find_or_add(family(name, about, "histogram").histograms, labels, upper_bounds);
}

std::string Registry::text() const {
  std::string out;
  for (const auto& family : families_) {
    out += "# HELP " + family->name + ' ' + family->about + '\n';
    out += "# TYPE " + family->name + ' ' + family->kind + '\n';
    const auto append_all = [&](const auto& metrics) {
      for (const auto& [labels, metric] : metrics) append_value(out, family->name, labels, *metric);
    };
    append_all(family->counters);
    append_all(family->gauges);
    append_all(family->histograms);
  }
  return out;
}

}  // namespace tessera
