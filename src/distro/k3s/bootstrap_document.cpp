#include "distro/k3s/bootstrap_document.h"

#include <fmt/core.h>

#include "data/shell_quote.h"
#include "distro/k3s/install.h"
#include "distro/k3s/paths.h"

namespace slipway::distro::k3s {

using base::ErrorCode;
using base::Result;
using base::Status;
using cloudinit::Document;
using data::Json;

namespace {

void add_authority(Document& document, std::string_view name, const Authority& authority) {
  const std::string path = fmt::format("{}/{}", kServerTlsFolder, name);
  document.files.push_back({path + ".crt", authority.certificate_pem, "root:root", "0640"});
  document.files.push_back({path + ".key", authority.key_pem, "root:root", "0600"});
}

// A user's command as one word behind eval: whatever is in it, it cannot reach the commands around it. It runs in the
// document's shell, so what it exports is seen by the installation.
Status add_user_commands(Document& document, const Json& commands, std::string_view field) {
  const auto& lines = commands.items();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i].string_or_empty();
    if (line.find('\0') != line.npos)
      return Status(ErrorCode::kInvalid, fmt::format("spec.{}[{}] holds a NUL character", field, i));
    const std::string complaint = fmt::format("spec.{}[{}] failed", field, i);
    document.run_commands.push_back(
        {{},
         fmt::format("eval {} || {{ echo {} >&2; exit 1; }}", data::shell_quote(line), data::shell_quote(complaint))});
  }
  return {};
}

}  // namespace

Result<Document> bootstrap_document(const BootstrapInput& input) {
  Document document;
  if (input.role == Role::kInitServer && input.authorities) {
    add_authority(document, "server-ca", input.authorities->server);
    add_authority(document, "client-ca", input.authorities->client);
    add_authority(document, "etcd/server-ca", input.authorities->etcd);
  }
  document.files.insert(document.files.end(), input.files.begin(), input.files.end());
  const std::string config = SLIPWAY_TRY(render_config({.spec = input.spec,
                                                        .role = input.role,
                                                        .token = input.token,
                                                        .server_url = input.server_url,
                                                        .endpoint_host = input.endpoint_host,
                                                        .server_names = input.server_names}));
  document.files.push_back({std::string(kConfigFile), config, "root:root", "0640"});

  SLIPWAY_TRY(add_user_commands(document, input.spec["preK3sCommands"], "preK3sCommands"));
  const Json& agent = input.spec["agentConfig"];
  const std::string install = SLIPWAY_TRY(install_command({.role = input.role,
                                                           .air_gapped = agent["airGapped"].bool_or(false),
                                                           .script_path = agent.text({"airGappedInstallScriptPath"}),
                                                           .version = input.version}));
  document.run_commands.push_back({{}, install});
  SLIPWAY_TRY(add_user_commands(document, input.spec["postK3sCommands"], "postK3sCommands"));
  document.run_commands.push_back(
      {{}, fmt::format("mkdir -p {} && echo success > {}", cloudinit::kSuccessFolder, cloudinit::kSuccessFile)});
  return document;
}

}  // namespace slipway::distro::k3s
