#include <algorithm>
#include <fmt/core.h>

#include "cloudinit/checks.h"
#include "cloudinit/document.h"
#include "data/encoding.h"
#include "data/json.h"
#include "data/shell_quote.h"
#include "data/yaml.h"

namespace slipway::cloudinit {

using base::Result;
using data::Json;

namespace {

bool is_plain_text(std::string_view content) {
  return data::is_valid_utf8(content) && std::ranges::all_of(content, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte >= 0x20 ? byte != 0x7f : c == '\n' || c == '\t';
         });
}

Json file_entry(const WriteFile& file) {
  Json entry = Json::object({{"path", file.path}, {"owner", file.owner}, {"permissions", file.permissions}});
  if (is_plain_text(file.content)) {
    entry.set("content", file.content);
  } else {
    entry.set("encoding", "base64");
    entry.set("content", data::base64_encode(file.content));
  }
  return entry;
}

Result<Json> command_entries(const std::vector<Command>& commands, std::string_view module) {
  Json entries = Json::array();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    SLIPWAY_TRY(check_command(commands[i]).with_context(fmt::format("cloud-config: {}[{}]", module, i)));
    if (commands[i].arguments.empty()) {
      entries.append(commands[i].line);
      continue;
    }
    Json arguments = Json::array();
    for (const std::string& argument : commands[i].arguments) arguments.append(argument);
    entries.append(std::move(arguments));
  }
  return entries;
}

Json text_list(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.append(text);
  return list;
}

// lock_passwd is always said: cloud-init locks the password of every user for whom it is absent. So is the primary
// group, and among the groups, by which cloud-init makes it when missing: without it useradd fails for a user whose
// name is that of a group in the image (Debian has `operator`, `staff`, `users`, ...).
Json user_entry(const User& user) {
  Json entry = Json::object({{"name", user.name}, {"lock_passwd", user.password_hash.empty()}});
  if (!user.password_hash.empty()) entry.set("hashed_passwd", user.password_hash);
  std::vector<std::string> groups = user.groups;
  if (user.name != "root") {
    if (std::ranges::find(groups, user.name) == groups.end()) groups.push_back(user.name);
    entry.set("primary_group", user.name);
  }
  if (!groups.empty()) entry.set("groups", text_list(groups));
  if (!user.shell.empty()) entry.set("shell", user.shell);
  if (!user.authorized_keys.empty()) entry.set("ssh_authorized_keys", text_list(user.authorized_keys));
  return entry;
}

base::Status add_host(Json& top, const Document& document) {
  for (const User& user : document.users) {
    SLIPWAY_TRY(check_user(user).with_context("cloud-config: users"));
    top.at("users").append(user_entry(user));
  }
  const std::pair<std::string_view, const std::string&> names[] = {
      {"hostname", document.hostname}, {"fqdn", document.fqdn}, {"timezone", document.timezone}};
  for (const auto& [module, name] : names) {
    if (name.empty()) continue;
    SLIPWAY_TRY(check_name(name, module).with_context("cloud-config"));
    top.set(module, name);
  }
  return {};
}

}  // namespace

Result<std::string> render(const Document& document) {
  Json top = Json::object();
  SLIPWAY_TRY(add_host(top, document));
  if (!document.boot_commands.empty())
    top.set("bootcmd", SLIPWAY_TRY(command_entries(document.boot_commands, "bootcmd")));
  for (const WriteFile& file : document.files) {
    SLIPWAY_TRY(check_file(file).with_context("cloud-config: write_files"));
    top.at("write_files").append(file_entry(file));
  }
  if (!document.run_commands.empty()) top.set("runcmd", SLIPWAY_TRY(command_entries(document.run_commands, "runcmd")));
  return "#cloud-config\n" + data::to_yaml(top);
}

std::string shell_text(const Command& command) {
  if (command.arguments.empty()) return command.line;
  std::string text;
  for (const std::string& argument : command.arguments) {
    if (!text.empty()) text += ' ';
    text += data::shell_quote(argument);
  }
  return text;
}

}  // namespace slipway::cloudinit
