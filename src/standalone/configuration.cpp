#include "standalone/configuration.h"

#include <algorithm>
#include <fmt/core.h>

#include "cloudinit/content_encoding.h"
#include "distro/k3s/paths.h"
#include "standalone/generated_files.h"
#include "standalone/password.h"
#include "standalone/reader.h"
#include "standalone/rules.h"
#include "standalone/schema.h"

namespace slipway::standalone {

using base::Result;
using base::Status;
using data::Json;

namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;

Result<cloudinit::User> make_user(const Json& user, const std::string& hostname) {
  cloudinit::User made{.name = user.text({"username"}), .shell = user.text({"shell"})};
  for (const Json& group : user["groups"].items()) made.groups.push_back(group.string_or_empty());
  if (made.name != "root") std::erase(made.groups, made.name);  // the user's own group in any case
  for (const Json& key : user["sshKeys"].items()) made.authorized_keys.push_back(key.string_or_empty());
  if (const std::string& password = user.text({"password"}); !password.empty())
    made.password_hash = SLIPWAY_TRY(password_hash(password, hostname + "\n" + made.name));
  return made;
}

Status add_users(Configuration& configuration, const Json& system) {
  for (const Json& user : system["users"].items())
    configuration.users.push_back(SLIPWAY_TRY(make_user(user, system.text({"hostname"}))));
  const std::string& key = system.text({"sshKey"});
  if (key.empty() || configuration.users.empty()) return {};
  auto& keys = configuration.users[0].authorized_keys;
  if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  return {};
}

Status add_files(Configuration& configuration, const Json& files) {
  for (const Json& file : files.items()) {
    cloudinit::WriteFile made{.path = file.text({"path"})};
    if (!file.text({"owner"}).empty()) made.owner = file.text({"owner"});
    if (!file.text({"permissions"}).empty()) made.permissions = file.text({"permissions"});
    made.content =
        SLIPWAY_TRY(cloudinit::decode_content(file.text({"content"}), file.text({"encoding"}), kMaxFileBytes));
    configuration.files.push_back(std::move(made));
  }
  return {};
}

// The spec with what is fixed, and with cloudController as the field that the renderer knows.
Json renderer_spec(const Json& written) {
  Json spec = written;
  spec.erase("files");
  spec.erase("version");
  Json& agent = spec.at("agentConfig");
  agent.set("airGapped", true);
  agent.set("airGappedInstallScriptPath", distro::k3s::kEmbeddedInstallScript);
  Json& server = spec.at("serverConfig");
  server.mutable_members();
  auto& disabled = server.at("disableComponents").mutable_items();
  if (std::erase(disabled, Json("cloudController")) > 0) server.set("disableCloudController", true);
  return spec;
}

// K3s writes these into the datastore and into certificates when the cluster is made.
std::vector<NameAndValue> fixed_settings(const Json& spec) {
  const Json& server = spec["serverConfig"];
  return {{"clusterCidr", server["clusterCidr"].string_or("10.42.0.0/16")},
          {"serviceCidr", server["serviceCidr"].string_or("10.43.0.0/16")},
          {"clusterDNS", server["clusterDNS"].string_or("default")},
          {"clusterDomain", server["clusterDomain"].string_or("cluster.local")}};
}

Result<Configuration> build(const Json& json, const ReadOptions& options) {
  Configuration configuration;
  const Json& system = json["operatingSystem"];
  SLIPWAY_TRY(add_users(configuration, system));
  const std::string& name = system.text({"hostname"});
  configuration.hostname = name.substr(0, name.find('.'));
  if (name.find('.') != name.npos) configuration.fqdn = name;
  configuration.timezone = system.text({"timezone"});
  configuration.system_proxy = proxy_variables(system["proxy"]);
  const Json& own_proxy = json.get({"kubernetes", "proxy"});
  configuration.k3s_proxy = own_proxy.empty() ? configuration.system_proxy : proxy_variables(own_proxy);
  SLIPWAY_TRY(add_files(configuration, system["files"]));
  const Json& spec = config_spec(json);
  SLIPWAY_TRY(add_files(configuration, spec["files"]));
  auto generated = generated_files(json);
  for (cloudinit::WriteFile& file : generated) configuration.files.push_back(std::move(file));
  configuration.spec = renderer_spec(spec);
  configuration.version = spec.text({"version"}).empty() ? options.embedded_version : spec.text({"version"});
  configuration.settings = fixed_settings(spec);
  return configuration;
}

}  // namespace

ReadResult read_configuration(std::string_view text, const ReadOptions& options) {
  Values values = read_values(text, configuration_schema());
  Findings findings(values);
  check_system(values.json, findings);
  check_kubernetes(values.json, options, findings);
  check_networks_together(values.json, findings);
  check_addons(values.json, findings);
  check_files(values.json, findings);
  ReadResult result;
  if (!has_errors(values.problems)) {
    auto built = build(values.json, options);
    if (built) {
      result.configuration = std::move(*built);
    } else {
      values.problems.push_back({{1, 1}, "", built.error().message(), "change what it names"});
    }
  }
  result.problems = std::move(values.problems);
  sort_problems(result.problems);
  return result;
}

}  // namespace slipway::standalone
