#pragma once

#include <map>
#include <string>
#include <vector>

#include "cloudinit/document.h"
#include "data/json.h"

// Files that are made from other fields. Internal to standalone.
namespace slipway::standalone {

class Findings;

// What each file that is made is made from: path of the file to path of the field.
std::map<std::string, std::string, std::less<>> generated_paths(const data::Json& configuration);

// sudoers, registries.yaml, manifests of addons. The configuration is without errors.
std::vector<cloudinit::WriteFile> generated_files(const data::Json& configuration);

void check_manifest(const std::string& text, const std::string& path, Findings& findings);
void check_chart(const data::Json& chart, const std::string& path, Findings& findings);

// Environment variables of a proxy, in both letter cases; empty values are left out.
std::vector<std::pair<std::string, std::string>> proxy_variables(const data::Json& proxy);

}  // namespace slipway::standalone
