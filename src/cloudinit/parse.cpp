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

}  // namespace

Result<Document> parse(std::string_view text, const Limits& limits) {
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
    } else {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("cloud-config: module '{}' is not supported; only write_files, runcmd and bootcmd are",
                              module.substr(0, 60)));
    }
  }
  return document;
}

}  // namespace slipway::cloudinit
