#include "base/figures.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/files.h"

namespace slipway::base {

std::optional<bool> Figure::met() const {
  if (!target) return std::nullopt;
  return smaller_is_better ? value <= *target : value >= *target;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

namespace {

std::string number(std::optional<double> value) {
  return value ? fmt::format("{:.4g}", *value) : "-";
}
std::string verdict(const Figure& figure) {
  return figure.met() ? (*figure.met() ? "yes" : "NO") : "-";
}

}  // namespace

std::string figures_table(const std::string& title, const std::vector<Figure>& figures) {
  std::string text = fmt::format("{}\n  {:<44} {:>10} {:<8} {:>10} {:>10} {:>4}\n", title, "figure", "value", "unit",
                                 "rival", "target", "met");
  for (const Figure& figure : figures)
    text += fmt::format("  {:<44} {:>10} {:<8} {:>10} {:>10} {:>4}{}\n", figure.name, number(figure.value), figure.unit,
                        number(figure.rival), number(figure.target), verdict(figure),
                        figure.rival_name.empty() ? "" : "  (rival: " + figure.rival_name + ")");
  return text;
}

Status write_figures(const std::filesystem::path& folder, const std::string& name, const std::vector<Figure>& figures) {
  const auto json_number = [](std::optional<double> value) { return value ? fmt::format("{}", *value) : "null"; };
  std::string text = fmt::format("{{\n  \"name\": \"{}\",\n  \"figures\": [", name);
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const Figure& figure = figures[i];
    text += fmt::format(
        "{}\n    {{\"name\": \"{}\", \"value\": {}, \"unit\": \"{}\", \"rival\": {}, \"rivalName\": \"{}\", "
        "\"target\": {}, \"met\": {}}}",
        i == 0 ? "" : ",", figure.name, json_number(figure.value), figure.unit, json_number(figure.rival),
        figure.rival_name, json_number(figure.target), figure.met() ? (*figure.met() ? "true" : "false") : "null");
  }
  text += "\n  ]\n}\n";
  SLIPWAY_TRY(make_folders(folder));
  return write_file_atomically(folder / (name + ".json"), text, 0644);
}

}  // namespace slipway::base
