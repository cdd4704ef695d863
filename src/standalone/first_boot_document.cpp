#include "standalone/first_boot_document.h"

#include <fmt/core.h>

#include "data/sha256.h"
#include "data/shell_quote.h"
#include "distro/k3s/bootstrap_document.h"
#include "distro/k3s/install.h"
#include "standalone/embedded.h"

namespace slipway::standalone {

using base::Result;
using cloudinit::Document;

namespace {

// What the runner reads line by line: words without blanks, a path or value at the end of the line.
class Plan {
 public:
  void add_file(const cloudinit::WriteFile& file, std::size_t number) {
    files_ += fmt::format("file {:04} {} {} {} {}\n", number, octal(file.permissions), file.owner,
                          data::sha256_hex(file.content), file.path);
  }
  void add_setting(const NameAndValue& setting) {
    settings_ += fmt::format("setting {} {}\n", setting.first, setting.second);
  }
  void add_group(const std::string& user, const std::string& group) {
    groups_ += fmt::format("group {} {}\n", user, group);
  }

  // The digest is of what makes the commands necessary: a new password alone does not run them again.
  std::string text(const std::string& commands) const {
    return fmt::format("digest {}\n", data::sha256_hex(settings_ + files_ + commands)) + settings_ + groups_ + files_;
  }

 private:
  // As stat(1) prints it.
  static std::string octal(const std::string& permissions) {
    const auto first = permissions.find_first_not_of('0');
    return first == permissions.npos ? "0" : permissions.substr(first);
  }
  std::string files_, settings_, groups_;
};

std::string exports(const std::vector<NameAndValue>& variables) {
  std::string text;
  for (const auto& [name, value] : variables) text += fmt::format("export {}={}\n", name, data::shell_quote(value));
  return text;
}

std::string environment_lines(const std::vector<NameAndValue>& variables) {
  std::string text;
  for (const auto& [name, value] : variables) text += fmt::format("{}={}\n", name, value);
  return text;
}

std::string staged(std::string_view name) {
  return fmt::format("{}/{}", kStagingFolder, name);
}

}  // namespace

Result<Document> first_boot_document(const Configuration& configuration) {
  const Document bootstrap = SLIPWAY_TRY(distro::k3s::bootstrap_document(
      {.spec = configuration.spec, .version = configuration.version, .files = configuration.files}));
  const std::string installation = SLIPWAY_TRY(distro::k3s::install_command({.air_gapped = true}));
  const std::string environment = exports(configuration.k3s_proxy);
  std::string commands = environment;
  for (const cloudinit::Command& command : bootstrap.run_commands) commands += cloudinit::shell_text(command) + "\n";

  Document document{.users = configuration.users,
                    .hostname = configuration.hostname,
                    .fqdn = configuration.fqdn,
                    .timezone = configuration.timezone};
  Plan plan;
  for (const NameAndValue& setting : configuration.settings) plan.add_setting(setting);
  for (const cloudinit::User& user : configuration.users)
    for (const std::string& group : user.groups) plan.add_group(user.name, group);
  std::vector<cloudinit::WriteFile> contents;
  for (const cloudinit::WriteFile& file : bootstrap.files) {
    plan.add_file(file, contents.size());
    contents.push_back({staged(fmt::format("files/{:04}", contents.size())), file.content, "root:root", "0600"});
  }
  const auto add = [&](std::string_view name, std::string content, const char* permissions) {
    document.files.push_back({staged(name), std::move(content), "root:root", permissions});
  };
  add("first-boot", std::string(first_boot_script()), "0700");
  add("plan", plan.text(commands), "0600");
  add("environment", environment_lines(configuration.system_proxy), "0600");
  add("commands", commands, "0600");
  add("install", environment + installation + "\n", "0600");
  add("preflight", std::string(preflight_script()), "0700");
  for (cloudinit::WriteFile& file : contents) document.files.push_back(std::move(file));
  document.run_commands.push_back({{"sh", staged("first-boot")}, ""});
  return document;
}

Result<std::string> render_first_boot(const Configuration& configuration) {
  const Document document = SLIPWAY_TRY(first_boot_document(configuration));
  return cloudinit::render(document);
}

}  // namespace slipway::standalone
