#include "standalone/problem.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>

namespace slipway::standalone {

std::string to_text(const Problem& problem, const std::string& file) {
  std::string text =
      problem.place.line == 0 ? file : fmt::format("{}:{}:{}", file, problem.place.line, problem.place.column);
  text += problem.is_warning ? ": warning" : "";
  if (!problem.path.empty()) text += ": " + problem.path;
  text += ": " + problem.what;
  if (!problem.advice.empty()) text += "; " + problem.advice;
  return text;
}

bool has_errors(const std::vector<Problem>& problems) {
  return std::ranges::any_of(problems, [](const Problem& problem) { return !problem.is_warning; });
}

void sort_problems(std::vector<Problem>& problems) {
  std::multimap<Place, Problem> by_place;  // keeps the order of what is equal
  for (Problem& problem : problems) by_place.emplace(problem.place, std::move(problem));
  problems.clear();
  for (auto& [place, problem] : by_place) problems.push_back(std::move(problem));
}

}  // namespace slipway::standalone
