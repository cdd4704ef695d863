#pragma once

#include <string>
#include <vector>

#include "standalone/configuration.h"
#include "standalone/reader.h"

// What the fields mean to each other. Internal to standalone.
namespace slipway::standalone {

// Looks up places and collects problems.
class Findings {
 public:
  explicit Findings(Values& values) : values_(values) {}
  void error(const std::string& path, std::string what, std::string advice) { add(path, what, advice, false); }
  void warning(const std::string& path, std::string what, std::string advice) { add(path, what, advice, true); }
  // The file gives a value there, be it right or wrong.
  bool is_written(std::string_view path) const { return values_.places.contains(path); }

 private:
  void add(const std::string& path, std::string& what, std::string& advice, bool is_warning);
  Values& values_;
};

// The path of the KThreesConfigSpec: the template's spec itself or its kthreesConfigSpec.
std::string config_path(const data::Json& configuration);
const data::Json& config_spec(const data::Json& configuration);

void check_system(const data::Json& configuration, Findings& findings);
void check_kubernetes(const data::Json& configuration, const ReadOptions& options, Findings& findings);
void check_networks_together(const data::Json& configuration, Findings& findings);
void check_addons(const data::Json& configuration, Findings& findings);
// All files together: contents, places that are taken.
void check_files(const data::Json& configuration, Findings& findings);

}  // namespace slipway::standalone
