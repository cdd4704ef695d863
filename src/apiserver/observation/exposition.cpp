#include "apiserver/observation/exposition.h"

#include <cmath>
#include <fmt/core.h>

namespace slipway::apiserver {

namespace {

std::string_view text_of(Exposition::Type type) {
  switch (type) {
    case Exposition::Type::kCounter:
      return "counter";
    case Exposition::Type::kGauge:
      return "gauge";
    case Exposition::Type::kHistogram:
      return "histogram";
  }
  return "untyped";
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

void append_label_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += static_cast<unsigned char>(c) < 0x80 ? c : '?';
    }
  }
}

}  // namespace

void Exposition::begin(std::string_view name, Type type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, text_of(type));
}

void Exposition::line(std::string_view suffix, const MetricLabels& labels, std::string_view value) {
  text_ += name_;
  text_ += suffix;
  char separator = '{';
  for (const auto& [name, content] : labels) {
    text_ += separator;
    text_ += name;
    text_ += "=\"";
    append_label_value(text_, content);
    text_ += '"';
    separator = ',';
  }
  if (!labels.empty()) text_ += '}';
  text_ += ' ';
  text_ += value;
  text_ += '\n';
}

void Exposition::sample(const MetricLabels& labels, double value) {
  line("", labels, number(value));
}

void Exposition::sample(const MetricLabels& labels, std::uint64_t value) {
  line("", labels, fmt::format("{}", value));
}

void Exposition::histogram(const MetricLabels& labels, std::span<const double> bounds,
                           std::span<const std::uint64_t> counts, double sum) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    const std::string bound = i < bounds.size() ? number(bounds[i]) : "+Inf";
    MetricLabels with_bound = labels;
    with_bound.emplace_back("le", bound);
    line("_bucket", with_bound, fmt::format("{}", total));
  }
  line("_sum", labels, number(sum));
  line("_count", labels, fmt::format("{}", total));
}

void Exposition::value(std::string_view name, Type type, std::string_view help, double value) {
  begin(name, type, help);
  sample({}, value);
}

}  // namespace slipway::apiserver
