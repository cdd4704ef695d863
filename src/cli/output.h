#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace slipway::cli {

// Prints an object or list as the context asks; kTable prints nothing and returns false, so that the caller prints.
bool print_structured(const Context& context, const Json& value);

// Left-aligned columns two spaces apart, as kubectl prints them. An empty cell shows as "<none>".
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "Name:   value" lines with aligned values; nested titles end in a colon and have no value.
class Description {
 public:
  void field(std::string_view name, std::string_view value, int indent = 0);
  void title(std::string_view name, int indent = 0);
  std::string text() const;

 private:
  struct Line {
    std::string name, value;
    int indent;
    bool is_title;
  };
  std::vector<Line> lines_;
};

void print(std::FILE* stream, std::string_view text);

// "3d4h", "5m12s", "7s": the age columns of kubectl. Takes an RFC 3339 text; "<unknown>" when it is none.
std::string age(const Context& context, const std::string& timestamp);
// "1.2 s", "2 min 5 s": elapsed time for people.
std::string elapsed(std::chrono::milliseconds time);

// A condition list as describe shows it, and the Events about an object, oldest first.
void describe_conditions(Description& description, const Context& context, const Json& object);
void describe_events(Description& description, const Context& context, const Json& object);

}  // namespace slipway::cli
