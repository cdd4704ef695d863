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

}  // namespace

Result<std::string> render(const Document& document) {
  Json top = Json::object();
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
