#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::bench {

// One figure of both sides.
struct Measure {
  std::string name;
  std::string unit;
  std::optional<double> slipwayd;
  std::optional<double> rival;
};
void add_measure(std::vector<Measure>& measures, const std::string& name, const std::string& unit, bool ours,
                 double value);

// A table with the ratio of the two sides and, where there is a target, whether it is met.
std::string report(const std::vector<Measure>& measures, const std::string& objects);
// <folder>/plane.json: {"name", "figures": [{name, unit, value, rival, ratio, target, met}]}.
base::Status write_report(const std::filesystem::path& folder, const std::vector<Measure>& measures);

}  // namespace slipway::bench
