#include "standalone/plan_text.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "distro/k3s/paths.h"
#include "standalone/formats.h"

namespace slipway::standalone {

using data::Json;

namespace {

class Steps {
 public:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format("{:>3}. {}\n", ++count_, fmt::format(format, std::forward<Args>(args)...));
  }
  void detail(const std::string& line) { text_ += "       " + line + "\n"; }
  std::string text() const { return text_; }

 private:
  std::string text_;
  int count_ = 0;
};

void add_user(Steps& steps, const cloudinit::User& user) {
  std::string what = user.password_hash.empty() ? "no login by password" : "login by password";
  if (!user.authorized_keys.empty()) what += fmt::format(", {} SSH key(s)", user.authorized_keys.size());
  if (!user.groups.empty()) what += fmt::format(", groups {}", fmt::join(user.groups, ", "));
  steps.add("Make or update the user {}: {}.", user.name, what);
}

void add_commands(Steps& steps, const Json& commands, std::string_view when) {
  for (const Json& command : commands.items()) steps.add("Run {} K3s: {}", when, shown(command.string_or_empty()));
}

std::string list_of(const Json& items) {
  std::string text;
  for (const Json& item : items.items()) text += (text.empty() ? "" : ", ") + item.string_or_empty();
  return text;
}

}  // namespace

std::string plan_text(const Configuration& configuration) {
  Steps steps;
  if (!configuration.hostname.empty())
    steps.add("Name the host {}.", configuration.fqdn.empty() ? configuration.hostname : configuration.fqdn);
  if (!configuration.timezone.empty()) steps.add("Set the time zone {}.", configuration.timezone);
  for (const cloudinit::User& user : configuration.users) add_user(steps, user);
  steps.add("Refuse to go on when a K3s cluster is there that was made otherwise:");
  for (const auto& [name, value] : configuration.settings) steps.detail(fmt::format("{} {}", name, value));
  steps.add("Refuse to go on when a file would be written outside /etc and /var through a link.");
  for (const cloudinit::WriteFile& file : configuration.files)
    steps.add("Write {} ({} bytes, {} {}).", file.path, file.content.size(), file.permissions, file.owner);
  steps.add("Write {} with the configuration of K3s.", distro::k3s::kConfigFile);
  if (const std::string disabled = list_of(configuration.spec.get({"serverConfig", "disableComponents"}));
      !disabled.empty())
    steps.detail("without " + disabled);
  if (!configuration.system_proxy.empty()) steps.add("Write the proxies to /etc/environment.");
  add_commands(steps, configuration.spec["preK3sCommands"], "before");
  steps.add("Make a service of the K3s in the image{} with {}{}, and start it.",
            configuration.version.empty() ? "" : " (" + configuration.version + ")",
            distro::k3s::kEmbeddedInstallScript, configuration.k3s_proxy.empty() ? "" : ", with the proxies");
  add_commands(steps, configuration.spec["postK3sCommands"], "after");
  return steps.text() +
         "Nothing is downloaded. At later boots files that differ are written again; the commands run again only when "
         "the\n"
         "configuration has changed.\n";
}

}  // namespace slipway::standalone
