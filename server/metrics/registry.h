// Registry: counters, gauges and histograms, and their text in Prometheus' exposition format 0.0.4.
// Not thread-safe: the event loop's thread owns it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera {

class Counter {
 public:
  void add(std::uint64_t amount = 1) { value_ += amount; }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

class Gauge {
 public:
  void set(double value) { value_ = value; }
  void add(double amount) { value_ += amount; }
  double value() const { return value_; }

 private:
  double value_ = 0;
};

class Histogram {
 public:
  // `upper_bounds` ascend; values above the last are counted in +Inf.
  explicit Histogram(std::vector<double> upper_bounds);

  void observe(double value);
  const std::vector<double>& upper_bounds() const { return upper_bounds_; }
  // One count per bound and one for +Inf, not cumulative.
  const std::vector<std::uint64_t>& counts() const { return counts_; }
  double sum() const { return sum_; }

 private:
  std::vector<double> upper_bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
};

using Labels = std::vector<std::pair<std::string, std::string>>;

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The metric of that name and labels, made at the first call; valid as long as the registry.
  // REQUIRES: a name is always used for the same kind; label values come from a bounded set.
  Counter& counter(std::string_view name, std::string_view about, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view about, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view about,
                       const std::vector<double>& upper_bounds, const Labels& labels = {});

  std::string text() const;

 private:
  struct Family;
  Family& family(std::string_view name, std::string_view about, std::string_view kind);

  std::vector<std::unique_ptr<Family>> families_;
};

}  // namespace tessera
