#include "server/metrics/registry.h"

#include <catch2/catch_test_macros.hpp>

namespace tessera {
namespace {

TEST_CASE("counters and gauges are written in Prometheus' format") {
  Registry registry;
  registry.counter("requests_total", "Requests", {{"route", "a\"b\\c\nd"}}).add(3);
  registry.gauge("queue", "Waiting").set(1.5);
  CHECK(registry.text() ==
        "# HELP requests_total Requests\n# TYPE requests_total counter\n"
        "requests_total{route=\"a\\\"b\\\\c\\nd\"} 3\n"
        "# HELP queue Waiting\n# TYPE queue gauge\nqueue 1.5\n");
}

TEST_CASE("the same name and labels are the same metric") {
  Registry registry;
  registry.counter("n", "N", {{"a", "1"}}).add();
  registry.counter("n", "N", {{"a", "1"}}).add();
  registry.counter("n", "N", {{"a", "2"}}).add();
  CHECK(registry.counter("n", "N", {{"a", "1"}}).value() == 2);
  CHECK(registry.counter("n", "N", {{"a", "2"}}).value() == 1);
}

TEST_CASE("a histogram's buckets are cumulative and a bound belongs to its bucket") {
  Registry registry;
  Histogram& histogram = registry.histogram("t", "Time", {0.5, 1});
  for (const double value : {0.1, 0.5, 0.75, 7.0}) histogram.observe(value);
  CHECK(registry.text() ==
        "# HELP t Time\n# TYPE t histogram\nt_bucket{le=\"0.5\"} 2\nt_bucket{le=\"1\"} 3\n"
        "t_bucket{le=\"+Inf\"} 4\nt_sum 8.35\nt_count 4\n");
}

}  // namespace
}  // namespace tessera
