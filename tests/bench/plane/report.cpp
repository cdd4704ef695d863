#include "plane/report.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/files.h"
#include "data/json_text.h"

namespace slipway::bench {

using data::Json;

namespace {

// What a figure has to reach, by the beginning of its name: so many times better than the rival, or an absolute bound.
struct Target {
  std::string_view name;
  bool larger_is_better;
  double times_better;  // 0 = the bound counts
  double bound = 0;
};
constexpr Target kTargets[] = {
    {"creates/s, 100 connections", true, 5},
    {"creates/s, 1000 connections", true, 5},
    {"create p99, 1000 connections", false, 0, 100},
    {"mixed 90/10 requests/s", true, 5},
    {"list of 1000", false, 10},
    {"list of 10000", false, 10},
    {"page of 50 of 1000", false, 5},
    {"page of 50 of 10000", false, 5},
    {"page of 50 of 100000", false, 5},
    {"fan-out events/s, 1000 watchers, 2000", true, 5},
    {"resident per 10000 objects", false, 8},
    {"cold start, 100000 objects", false, 0, 1},
};

bool is_named(std::string_view name, std::string_view target) {
  if (!name.starts_with(target)) return false;
  return name.size() == target.size() ||
         (name[target.size()] != ':' && (name[target.size()] < '0' || name[target.size()] > '9'));
}

const Target* target_of(const Measure& measure) {
  const auto* found =
      std::ranges::find_if(kTargets, [&](const Target& target) { return is_named(measure.name, target.name); });
  return found == std::end(kTargets) ? nullptr : found;
}

bool is_rate(const Measure& measure) {
  return measure.unit == "/s";
}

// How many times better we are.
std::optional<double> ratio_of(const Measure& measure) {
  if (!measure.slipwayd || !measure.rival || *measure.slipwayd <= 0 || *measure.rival <= 0) return std::nullopt;
  return is_rate(measure) ? *measure.slipwayd / *measure.rival : *measure.rival / *measure.slipwayd;
}

std::optional<bool> is_met(const Measure& measure) {
  const Target* target = target_of(measure);
  if (target == nullptr || !measure.slipwayd) return std::nullopt;
  if (target->times_better == 0) return *measure.slipwayd < target->bound;
  const auto ratio = ratio_of(measure);
  return ratio ? std::optional(*ratio >= target->times_better) : std::nullopt;
}

std::string target_text(const Target& target, const Measure& measure) {
  return target.times_better == 0 ? fmt::format("< {:g} {}", target.bound, measure.unit)
                                  : fmt::format(">= {:g}x", target.times_better);
}

std::string number(const std::optional<double>& value) {
  if (!value) return "-";
  if (*value >= 100) return fmt::format("{:.0f}", *value);
  return fmt::format("{:.3g}", *value);
}

}  // namespace

void add_measure(std::vector<Measure>& measures, const std::string& name, const std::string& unit, bool ours,
                 double value) {
  auto found = std::ranges::find(measures, name, &Measure::name);
  if (found == measures.end()) found = measures.insert(measures.end(), {name, unit, std::nullopt, std::nullopt});
  (ours ? found->slipwayd : found->rival) = value;
}

std::string report(const std::vector<Measure>& measures, const std::string& objects) {
  std::string text =
      fmt::format("\nResource plane, {} of 4 KiB, events of 1 KiB, TLS and fsync on both sides\n\n", objects);
  text += fmt::format("{:<58} {:>10} {:>14} {:>8} {:>10} {}\n", "figure", "slipwayd", "kube-apiserver", "ratio",
                      "target", "");
  for (const Measure& measure : measures) {
    const Target* target = target_of(measure);
    const auto ratio = ratio_of(measure);
    const auto met = is_met(measure);
    text +=
        fmt::format("{:<58} {:>10} {:>14} {:>8} {:>10} {}\n",
                    measure.unit.empty() || measure.unit == "/s" ? measure.name
                                                                 : fmt::format("{} ({})", measure.name, measure.unit),
                    number(measure.slipwayd), number(measure.rival), ratio ? fmt::format("{:.1f}x", *ratio) : "",
                    target != nullptr ? target_text(*target, measure) : "", met ? (*met ? "met" : "MISSED") : "");
  }
  return text;
}

base::Status write_report(const std::filesystem::path& folder, const std::vector<Measure>& measures) {
  Json figures = Json::array();
  const auto or_null = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  for (const Measure& measure : measures) {
    const Target* target = target_of(measure);
    figures.append(Json::object({{"name", measure.name},
                                 {"unit", measure.unit},
                                 {"value", or_null(measure.slipwayd)},
                                 {"rival", or_null(measure.rival)},
                                 {"ratio", or_null(ratio_of(measure))},
                                 {"target", target != nullptr ? Json(target_text(*target, measure)) : Json(nullptr)},
                                 {"met", or_null(is_met(measure))}}));
  }
  SLIPWAY_TRY(base::make_folders(folder));
  const Json document = Json::object({{"name", "plane"}, {"figures", std::move(figures)}});
  return base::write_file_atomically(folder / "plane.json", data::to_json(document, 2) + "\n", 0644);
}

}  // namespace slipway::bench
