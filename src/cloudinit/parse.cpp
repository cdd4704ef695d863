#include <algorithm>
#include <fmt/core.h>

#include "cloudinit/checks.h"
#include "cloudinit/content_encoding.h"
#include "cloudinit/document.h"
#include "data/json.h"
#include "data/yaml.h"

namespace slipway::cloudinit {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using data::Json;

namespace {

Status check_header(std::string_view text) {
  std::string_view first = text.substr(0, text.find('\n'));
  while (!first.empty() && (first.back() == ' ' || first.back() == '\t' || first.back() == '\r'))
    first.remove_suffix(1);
  if (first == "#cloud-config") return {};
  if (first.starts_with("## template:"))
    return Status(ErrorCode::kUnsupported, "cloud-config: templates ('## template:') are not supported");
  return Status(ErrorCode::kInvalid, "cloud-config: the first line must be '#cloud-config'");
}

// An entry's text value; numbers are not accepted in its place, so that nothing is lost by a missing quote.
Result<std::string> text_member(const Json& entry, std::string_view key, std::string fallback) {
  const Json& value = entry[key];
  if (!entry.contains(key) || value.is_null()) return fallback;
  if (!value.is_string())
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' must be a string, not {}; quote it", key, kind_name(value.kind())));
  return value.string_or_empty();
}

Result<WriteFile> read_file(const Json& entry, std::size_t content_limit) {
  if (!entry.is_object()) return fail(ErrorCode::kInvalid, "must be a mapping");
  for (const auto& [key, value] : entry.members()) {
    constexpr std::string_view kKnown[] = {"path", "content", "owner", "permissions", "encoding"};
    if (std::ranges::find(kKnown, key) == std::end(kKnown))
      return fail(ErrorCode::kUnsupported, fmt::format("key '{}' is not supported", key.substr(0, 60)));
  }
  WriteFile file;
  file.path = SLIPWAY_TRY(text_member(entry, "path", ""));
  file.owner = SLIPWAY_TRY(text_member(entry, "owner", "root:root"));
  file.permissions = SLIPWAY_TRY(text_member(entry, "permissions", "0644"));
  const std::string content = SLIPWAY_TRY(text_member(entry, "content", ""));
  const std::string encoding = SLIPWAY_TRY(text_member(entry, "encoding", ""));
  SLIPWAY_TRY(check_file(file));
  file.content = SLIPWAY_TRY(
      decode_content(content, encoding, content_limit).with_context(fmt::format("content of '{}'", file.path)));
  return file;
}

Result<std::vector<WriteFile>> read_files(const Json& entries, const Limits& limits) {
  if (!entries.is_array()) return fail(ErrorCode::kInvalid, "must be a list");
  if (entries.size() > limits.max_entries)
    return fail(ErrorCode::kTooLarge, fmt::format("has more than {} entries", limits.max_entries));
  std::vector<WriteFile> files;
  std::size_t left = limits.max_content_bytes;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    files.push_back(SLIPWAY_TRY(read_file(entries.items()[i], left).with_context(fmt::format("entry {}", i))));
    left -= files.back().content.size();
  }
  return files;
}

Result<Command> read_command(const Json& entry) {
  Command command;
  if (entry.is_string()) {
    command.line = entry.string_or_empty();
  } else if (entry.is_array()) {
    for (const Json& argument : entry.items()) {
      if (!argument.is_string())
        return fail(ErrorCode::kInvalid,
                    fmt::format("an argument must be a string, not {}; quote it", kind_name(argument.kind())));
      command.arguments.push_back(argument.string_or_empty());
    }
  } else {
    return fail(ErrorCode::kInvalid,
                fmt::format("must be a string or a list of strings, not {}", kind_name(entry.kind())));
  }
  SLIPWAY_TRY(check_command(command));
  return command;
}

Result<std::vector<Command>> read_commands(const Json& entries, const Limits& limits) {
  if (!entries.is_array()) return fail(ErrorCode::kInvalid, "must be a list");
  if (entries.size() > limits.max_entries)
    return fail(ErrorCode::kTooLarge, fmt::format("has more than {} entries", limits.max_entries));
  std::vector<Command> commands;
  for (std::size_t i = 0; i < entries.size(); ++i)
    commands.push_back(SLIPWAY_TRY(read_command(entries.items()[i]).with_context(fmt::format("entry {}", i))));
  return commands;
}

Result<std::vector<std::string>> text_items(const Json& entry, std::string_view key) {
  std::vector<std::string> texts;
  if (!entry.contains(key)) return texts;
  if (!entry[key].is_array()) return fail(ErrorCode::kInvalid, fmt::format("'{}' must be a list of strings", key));
  for (const Json& item : entry[key].items()) {
    if (!item.is_string()) return fail(ErrorCode::kInvalid, fmt::format("'{}' must be a list of strings", key));
    texts.push_back(item.string_or_empty());
  }
  return texts;
}

Result<User> read_user(const Json& entry) {
  if (!entry.is_object()) return fail(ErrorCode::kInvalid, "must be a mapping");
  for (const auto& [key, value] : entry.members()) {
    constexpr std::string_view kKnown[] = {
        "name", "groups", "shell", "hashed_passwd", "lock_passwd", "ssh_authorized_keys", "primary_group"};
    if (std::ranges::find(kKnown, key) == std::end(kKnown))
      return fail(ErrorCode::kUnsupported, fmt::format("key '{}' is not supported", key.substr(0, 60)));
  }
  User user;
  user.name = SLIPWAY_TRY(text_member(entry, "name", ""));
  user.shell = SLIPWAY_TRY(text_member(entry, "shell", ""));
  user.password_hash = SLIPWAY_TRY(text_member(entry, "hashed_passwd", ""));
  user.groups = SLIPWAY_TRY(text_items(entry, "groups"));
  if (user.name != "root") std::erase(user.groups, user.name);  // rendered again as the primary group
  if (entry.contains("primary_group") && entry["primary_group"].string_or_empty() != user.name)
    return fail(ErrorCode::kUnsupported, "'primary_group' must be the user's own name");
  user.authorized_keys = SLIPWAY_TRY(text_items(entry, "ssh_authorized_keys"));
  if (!entry["lock_passwd"].is_bool() || entry["lock_passwd"].bool_or(true) != user.password_hash.empty())
    return fail(ErrorCode::kInvalid, "'lock_passwd' must be true without and false with 'hashed_passwd'");
  SLIPWAY_TRY(check_user(user));
  return user;
}

// True when `module` is one of the host's own settings.
Result<bool> read_host(Document& document, std::string_view module, const Json& value) {
  if (module == "users") {
    if (!value.is_array()) return fail(ErrorCode::kInvalid, "must be a list");
    for (const Json& entry : value.items()) document.users.push_back(SLIPWAY_TRY(read_user(entry)));
    return true;
  }
  std::string* name = module == "hostname"   ? &document.hostname
                      : module == "fqdn"     ? &document.fqdn
                      : module == "timezone" ? &document.timezone
                                             : nullptr;
  if (name == nullptr) return false;
  if (!value.is_string()) return fail(ErrorCode::kInvalid, "must be a string");
  *name = value.string_or_empty();
  SLIPWAY_TRY(check_name(*name, module));
  return true;
}

}  // namespace

Result<Document> parse(std::string_view text, const Limits& limits, Modules modules) {
  if (text.size() > limits.max_bytes)
    return fail(ErrorCode::kTooLarge,
                fmt::format("cloud-config of {} bytes is larger than {} bytes", text.size(), limits.max_bytes));
  SLIPWAY_TRY(check_header(text));
  const std::vector<Json> documents = SLIPWAY_TRY(data::parse_yaml_documents(text).with_context("cloud-config"));
  Document document;
  if (documents.empty()) return document;
  if (documents.size() > 1 || !documents[0].is_object())
    return fail(ErrorCode::kInvalid, "cloud-config: must be one mapping of modules");
  for (const auto& [module, value] : documents[0].members()) {
    const std::string context = "cloud-config: " + module.substr(0, 60);
    if (module == "write_files") {
      document.files = SLIPWAY_TRY(read_files(value, limits).with_context(context));
    } else if (module == "runcmd") {
      document.run_commands = SLIPWAY_TRY(read_commands(value, limits).with_context(context));
    } else if (module == "bootcmd") {
      document.boot_commands = SLIPWAY_TRY(read_commands(value, limits).with_context(context));
    } else if (modules == Modules::kAll && SLIPWAY_TRY(read_host(document, module, value).with_context(context))) {
      continue;
    } else {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("cloud-config: module '{}' is not supported; only write_files, runcmd and bootcmd are",
                              module.substr(0, 60)));
    }
  }
  return document;
}

}  // namespace slipway::cloudinit
