#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "standalone/problem.h"

// The parts of an older config-file. Internal to standalone.
namespace slipway::standalone {

struct RawText {
  struct Assignment {
    std::string value;
    Place place;
  };
  std::map<std::string, Assignment, std::less<>> assignments;
  std::string tail;           // the YAML part; "" = none
  std::size_t tail_line = 0;  // its first line in the file
  std::vector<Problem> problems;

  std::string value(std::string_view key) const {
    const auto found = assignments.find(key);
    return found == assignments.end() ? std::string() : found->second.value;
  }
};

RawText read_raw_text(std::string_view text);

// "12 * 1024" as a shell computes it; nothing when it is no such arithmetic or has no positive result.
std::optional<long> compute(std::string_view arithmetic);

}  // namespace slipway::standalone
