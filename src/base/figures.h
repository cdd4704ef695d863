#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::base {

// One measured figure of a benchmark, beside its rival's and its target.
struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::optional<double> rival;  // the same figure of what we are compared with
  std::string rival_name;
  std::optional<double> target;
  bool smaller_is_better = true;

  // Nothing without a target.
  std::optional<bool> met() const;
};

// The middle value; 0 for none.
double median(std::vector<double> values);

// A table for people.
std::string figures_table(const std::string& title, const std::vector<Figure>& figures);

// Writes <folder>/<name>.json: {"name", "figures": [{name, value, unit, rival, rivalName, target, met}]}.
Status write_figures(const std::filesystem::path& folder, const std::string& name, const std::vector<Figure>& figures);

}  // namespace slipway::base
