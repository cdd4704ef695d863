#include "standalone/embedded_version.h"

#include <filesystem>
#include <fmt/core.h>
#include <set>

#include "base/subprocess.h"
#include "data/json_text.h"
#include "data/kubernetes_version.h"
#include "distro/k3s/paths.h"

namespace slipway::standalone {

using base::ErrorCode;
using base::fail;
using base::Result;
using data::Json;

namespace {

bool is_version_key(std::string_view key, std::string_view parent) {
  if (key == "kubernetesVersion" || key == "kubernetes-version" || key == "k3sVersion" || key == "k3s-version")
    return true;
  return key == "version" && (parent == "kubernetes" || parent == "k3s");
}

void collect(const Json& value, std::string_view parent, std::set<std::string>& found) {
  for (const auto& [key, member] : value.members()) {
    if (is_version_key(key, parent) && member.string_or_empty().find("k3s") != std::string::npos)
      found.insert(member.string_or_empty());
    collect(member, key, found);
  }
  for (const Json& item : value.items()) collect(item, parent, found);
}

}  // namespace

Result<std::string> version_in_manifest(std::string_view json) {
  const Json manifest = SLIPWAY_TRY(data::parse_json(json));
  std::set<std::string> found;
  collect(manifest, "", found);
  if (found.empty())
    return fail(ErrorCode::kInvalid,
                "names no version of K3s (kubernetesVersion); is it the manifest of an image with K3s?");
  if (found.size() > 1)
    return fail(ErrorCode::kInvalid,
                fmt::format("names several versions of K3s: {} and {}", *found.begin(), *found.rbegin()));
  const auto version = SLIPWAY_TRY(data::KubernetesVersion::parse(*found.begin()));
  return version.text();
}

Result<std::string> version_in_output(std::string_view output) {
  constexpr std::string_view kMark = " version ";
  const std::string_view line = output.substr(0, output.find('\n'));
  const auto at = line.find(kMark);
  if (at == line.npos) return fail(ErrorCode::kInvalid, "k3s --version says no version");
  std::string_view rest = line.substr(at + kMark.size());
  rest = rest.substr(0, rest.find(' '));
  const auto version = SLIPWAY_TRY(data::KubernetesVersion::parse(rest));
  return version.text();
}

Result<std::string> version_of_root(const std::string& root) {
  const std::string program = (root == "/" ? "" : root) + std::string(distro::k3s::kBinary);
  std::error_code error;
  if (!std::filesystem::is_regular_file(program, error))
    return fail(ErrorCode::kNotFound, fmt::format("there is no K3s at {}", program));
  base::ProcessOptions options;
  options.argv = {program, "--version"};
  options.timeout = std::chrono::seconds(20);
  const auto result = SLIPWAY_TRY(base::run_process(options));
  if (result.exit_code != 0)
    return fail(ErrorCode::kUnavailable,
                fmt::format("'{} --version' fails with exit code {}", program, result.exit_code));
  return version_in_output(result.standard_output).with_context(program);
}

}  // namespace slipway::standalone
