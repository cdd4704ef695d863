#include "cloudinit/checks.h"

#include <algorithm>
#include <fmt/core.h>

#include "data/encoding.h"

namespace slipway::cloudinit {

using base::ErrorCode;
using base::Status;

namespace {

bool is_clean_path(std::string_view path) {
  constexpr std::size_t kMaxPath = 4095;
  if (path.size() < 2 || path.size() > kMaxPath || path.front() != '/' || path.back() == '/') return false;
  if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    path.remove_prefix(part.size());
  }
  return true;
}

bool is_account(std::string_view name) {
  return !name.empty() && name.size() <= 32 && name.front() != '-' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

bool is_owner(std::string_view owner) {
  const auto colon = owner.find(':');
  return is_account(owner.substr(0, colon)) && (colon == owner.npos || is_account(owner.substr(colon + 1)));
}

bool is_octal(std::string_view text) {
  if (text.starts_with("0o")) text.remove_prefix(2);
  return text.size() >= 3 && text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
}

}  // namespace

Status check_file(const WriteFile& file) {
  const std::string name = file.path.substr(0, 200);
  if (!is_clean_path(file.path))
    return Status(ErrorCode::kInvalid, fmt::format("path '{}' must be absolute, without '.', '..' and '//'", name));
  if (!data::is_valid_utf8(file.path)) return Status(ErrorCode::kInvalid, "a path is not UTF-8 text");
  if (!is_owner(file.owner))
    return Status(ErrorCode::kInvalid, fmt::format("file '{}': owner must be user or user:group", name));
  if (!is_octal(file.permissions))
    return Status(ErrorCode::kInvalid, fmt::format("file '{}': permissions must be octal such as '0644'", name));
  return {};
}

Status check_command(const Command& command) {
  const auto is_text = [](const std::string& text) {
    return data::is_valid_utf8(text) && text.find('\0') == text.npos;
  };
  if (command.arguments.empty() && command.line.empty()) return Status(ErrorCode::kInvalid, "is empty");
  if (!command.arguments.empty() && !command.line.empty())
    return Status(ErrorCode::kInvalid, "has both arguments and a line");
  if (!is_text(command.line) || !std::ranges::all_of(command.arguments, is_text))
    return Status(ErrorCode::kInvalid, "is not UTF-8 text");
  return {};
}

Status check_name(std::string_view name, std::string_view what) {
  const bool fits = name.size() <= 253 && !name.starts_with('-') && !name.starts_with('/') &&
                    name.find("..") == name.npos && std::ranges::all_of(name, [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             std::string_view("-_./+").find(c) != std::string_view::npos;
                    });
  if (fits) return {};
  return Status(ErrorCode::kInvalid, fmt::format("{} '{}' holds what no such name has", what, name.substr(0, 100)));
}

Status check_user(const User& user) {
  const std::string name = user.name.substr(0, 60);
  const auto is_line = [](std::string_view text) {
    return data::is_valid_utf8(text) &&
           std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  };
  if (!is_account(user.name)) return Status(ErrorCode::kInvalid, fmt::format("'{}' is no user name", name));
  if (!std::ranges::all_of(user.groups, is_account))
    return Status(ErrorCode::kInvalid, fmt::format("user '{}': a group's name is not valid", name));
  if (!user.shell.empty() && !is_clean_path(user.shell))
    return Status(ErrorCode::kInvalid, fmt::format("user '{}': the shell must be an absolute path", name));
  if (!is_line(user.password_hash) || user.password_hash.find_first_of(": ") != std::string::npos)
    return Status(ErrorCode::kInvalid, fmt::format("user '{}': the password hash is not valid", name));
  if (!std::ranges::all_of(user.authorized_keys, is_line))
    return Status(ErrorCode::kInvalid, fmt::format("user '{}': an SSH key must be one line", name));
  return {};
}

}  // namespace slipway::cloudinit
