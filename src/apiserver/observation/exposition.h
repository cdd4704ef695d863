#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::apiserver {

using MetricLabels = std::vector<std::pair<std::string_view, std::string_view>>;

// Text in Prometheus' exposition format 0.0.4. The samples of one metric come together, after its begin(). Labels may
// hold any bytes: what is not ASCII becomes a question mark, so that one odd name cannot spoil the whole page.
class Exposition {
 public:
  enum class Type { kCounter, kGauge, kHistogram };

  void begin(std::string_view name, Type type, std::string_view help);
  void sample(const MetricLabels& labels, double value);
  void sample(const MetricLabels& labels, std::uint64_t value);
  // `counts`: of observations up to each bound, and one more for those above, not summed up.
  void histogram(const MetricLabels& labels, std::span<const double> bounds, std::span<const std::uint64_t> counts,
                 double sum);
  // One metric with one sample.
  void value(std::string_view name, Type type, std::string_view help, double value);

  std::string take() { return std::move(text_); }

 private:
  void line(std::string_view suffix, const MetricLabels& labels, std::string_view value);

  std::string text_;
  std::string name_;
};

}  // namespace slipway::apiserver
