#include <cstdint>
#include <cstdlib>
#include <fmt/core.h>

#include "cloudinit/document.h"
#include "data/yaml.h"
#include "distro/k3s/install.h"
#include "standalone/configuration.h"
#include "standalone/embedded.h"
#include "standalone/first_boot_document.h"
#include "standalone/plan_text.h"
#include "standalone/written_commands.h"

namespace {

using namespace slipway;
using data::Json;
using standalone::Configuration;

void demand(bool condition, const char* what) {
  if (condition) return;
  fmt::print(stderr, "broken: {}\n", what);
  std::abort();
}

bool is_one_line(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20) return false;
  return true;
}

bool equals(const Json& list, const std::vector<std::string>& texts) {
  if (list.size() != texts.size()) return false;
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (list.items()[i].string_or_empty() != texts[i]) return false;
  return true;
}

std::string staged(const cloudinit::Document& document, std::size_t index, std::string_view name) {
  demand(index < document.files.size(), "a staged file is missing");
  demand(document.files[index].path == fmt::format("{}/{}", standalone::kStagingFolder, name), "a staged file's place");
  return document.files[index].content;
}

// The plan has one line per thing to do, and nothing that a line break could have smuggled in.
void check_plan(std::string_view plan, const Configuration& configuration) {
  std::size_t files = 0, groups = 0, expected_groups = 0;
  for (const cloudinit::User& user : configuration.users) expected_groups += user.groups.size();
  for (std::size_t number = 0; !plan.empty(); ++number) {
    const auto end = plan.find('\n');
    demand(end != plan.npos, "the plan's last line");
    const std::string_view line = plan.substr(0, end);
    plan.remove_prefix(end + 1);
    if (line.starts_with("file ")) {
      const std::string path =
          files < configuration.files.size() ? configuration.files[files].path : "/etc/rancher/k3s/config.yaml";
      demand(line.ends_with(" " + path), "a path in the plan");
      ++files;
    } else if (line.starts_with("group ")) {
      ++groups;
    } else {
      demand(number == 0 ? line.starts_with("digest ") : line.starts_with("setting "), "a line of the plan");
    }
  }
  demand(files == configuration.files.size() + 1 && groups == expected_groups, "the plan's length");
}

// The document is one that cloud-init takes, it writes and runs what the configuration says, and nothing else.
void check_document(const Configuration& configuration) {
  const auto text = standalone::render_first_boot(configuration);
  demand(text.has_value(), "a checked configuration renders");
  demand(standalone::render_first_boot(configuration).value_or("") == *text, "the same bytes each time");
  const auto document = cloudinit::parse(
      *text, {.max_bytes = 64u << 20, .max_content_bytes = 64u << 20, .max_entries = 10'000}, cloudinit::Modules::kAll);
  demand(document.has_value(), "the document parses");
  demand(document->boot_commands.empty() && document->run_commands.size() == 1, "one command");
  demand(document->run_commands[0].arguments == std::vector<std::string>{"sh", "/run/slipway-standalone/first-boot"},
         "the command is the runner");
  demand(document->users == configuration.users && document->hostname == configuration.hostname, "users and host name");
  demand(staged(*document, 0, "first-boot") == standalone::first_boot_script(), "the runner's bytes");
  check_plan(staged(*document, 1, "plan"), configuration);
  const std::string installation = *distro::k3s::install_command({.air_gapped = true}) + "\n";
  const auto written = standalone::testing::read_written_commands(staged(*document, 3, "commands"), installation);
  demand(written.has_value(), "the commands are understood");
  demand(equals(configuration.spec["preK3sCommands"], written->before), "commands before K3s");
  demand(equals(configuration.spec["postK3sCommands"], written->after), "commands after K3s");
  demand(written->exports.size() == configuration.k3s_proxy.size(), "exports");
  for (std::size_t i = 0; i < written->exports.size(); ++i)
    demand(written->exports[i] == configuration.k3s_proxy[i].first + "=" + configuration.k3s_proxy[i].second,
           "an export");
  demand(staged(*document, 5, "preflight") == standalone::preflight_script(), "the bytes of the checks");
  demand(document->files.size() == 6 + configuration.files.size() + 1, "the number of staged files");
  for (std::size_t i = 0; i < configuration.files.size(); ++i) {
    const cloudinit::WriteFile& file = configuration.files[i];
    demand(staged(*document, 6 + i, fmt::format("files/{:04}", i)) == file.content, "a file's content");
    demand(file.path.starts_with("/etc/") || file.path.starts_with("/var/"), "a file's place");
    demand((file.path + "/").find("/../") == file.path.npos, "a path without '..'");
  }
  standalone::plan_text(configuration);
}

void check_text(const std::string& text) {
  const standalone::ReadResult result = standalone::read_configuration(text, {.embedded_version = "v1.36.3+k3s1"});
  demand(result.configuration.has_value() != standalone::has_errors(result.problems),
         "wrong if and only if there is an error");
  for (const standalone::Problem& problem : result.problems) {
    demand(!problem.what.empty(), "a problem has a text");
    demand(is_one_line(standalone::to_text(problem, "f")), "a message is one line");
    demand(problem.place.line > 0 && problem.place.column > 0, "a problem has a place");
  }
  if (result.configuration) check_document(*result.configuration);
}

// A configuration with the input's texts at the places of a valid one: reaches the renderer, which random bytes rarely
// do.
std::string configuration_around(std::string_view bytes) {
  const auto next = [&] {
    const auto end = bytes.find('\x1e');
    const std::string_view part = bytes.substr(0, end);
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
    return std::string(part);
  };
  Json file = Json::object({{"path", "/etc/" + next()}, {"content", next()}});
  Json config = Json::object(
      {{"preK3sCommands", Json::array({next(), "true"})},
       {"postK3sCommands", Json::array({next()})},
       {"agentConfig", Json::object({{"nodeLabels", Json::array({next()})}, {"kubeletArgs", Json::array({next()})}})},
       {"serverConfig", Json::object({{"clusterDomain", next()}, {"tlsSan", Json::array({next()})}})}});
  Json user = Json::object({{"username", next()}, {"password", next()}, {"groups", Json::array({next()})}});
  Json proxy = Json::object({{"httpProxy", next()}, {"noProxy", next()}});
  const auto keep = [](Json& object, const char* key) {
    if (object[key].string_or_empty().empty() &&
        (!object[key].is_array() || object[key].items()[0].string_or_empty().empty()))
      object.erase(key);
  };
  for (const char* key : {"preK3sCommands", "postK3sCommands"}) keep(config, key);
  for (const char* key : {"nodeLabels", "kubeletArgs"}) keep(config.at("agentConfig"), key);
  for (const char* key : {"clusterDomain", "tlsSan"}) keep(config.at("serverConfig"), key);
  for (const char* key : {"password", "groups"}) keep(user, key);
  for (const char* key : {"httpProxy", "noProxy"}) keep(proxy, key);
  if (file.text({"path"}).size() > 5) config.set("files", Json::array({std::move(file)}));
  Json system = Json::object();
  if (!user.text({"username"}).empty()) system.set("users", Json::array({std::move(user)}));
  if (!proxy.empty()) system.set("proxy", std::move(proxy));
  return data::to_yaml(Json::object(
      {{"version", "1.0"},
       {"operatingSystem", std::move(system)},
       {"kubernetes",
        Json::object({{"kind", "KThreesControlPlaneTemplate"},
                      {"apiVersion", "controlplane.cluster.x-k8s.io/v1beta2"},
                      {"spec", Json::object({{"template", Json::object({{"spec", std::move(config)}})}})}})}}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (text.starts_with('\x1e')) {
    check_text(configuration_around(text.substr(1)));
  } else {
    check_text(std::string(text));
  }
  return 0;
}
