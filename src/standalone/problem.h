#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace slipway::standalone {

// Where a value stands in the file, from 1. 0:0 = nowhere in particular.
struct Place {
  std::size_t line = 0, column = 0;
  auto operator<=>(const Place&) const = default;
};

// One thing that is wrong, or worth a warning. Never holds a secret.
struct Problem {
  Place place;
  std::string path;  // "kubernetes.spec.template.spec.files[0].path"; "" = the file as a whole
  std::string what;
  std::string advice;
  bool is_warning = false;
  bool operator==(const Problem&) const = default;
};

// "file:line:column: field.path: what is wrong; what to do", with "warning: " before the path of a warning.
std::string to_text(const Problem& problem, const std::string& file);

bool has_errors(const std::vector<Problem>& problems);
// By place; of equal ones the first that was found comes first.
void sort_problems(std::vector<Problem>& problems);

}  // namespace slipway::standalone
