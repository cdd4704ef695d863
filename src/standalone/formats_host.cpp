#include <algorithm>
#include <fmt/core.h>

#include "data/encoding.h"
#include "standalone/embedded.h"
#include "standalone/formats.h"
#include "standalone/password.h"

namespace slipway::standalone {

namespace {

bool is_word(std::string_view text, std::string_view more) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos;
  });
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::optional<Complaint> check_account(std::string_view text, std::string_view kind) {
  constexpr std::size_t kLongest = 32;  // useradd's limit
  if (text.size() > kLongest)
    return Complaint{fmt::format("has {} characters, more than {}", text.size(), kLongest), "shorten it"};
  const bool begins = !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') || text[0] == '_');
  if (begins && is_word(text, "_-")) return std::nullopt;
  return Complaint{fmt::format("{} is no {} name", shown(text), kind),
                   "begin it with a lower-case letter; then lower-case letters, digits, '-' and '_'"};
}

// The path without ".", ".." and empty parts.
std::string normal_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string out;
  for (const std::string_view part : parts) out += fmt::format("/{}", part);
  return out.empty() ? "/" : out;
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() + 1 && path.starts_with(folder) && path[folder.size()] == '/';
}

// Parts with their length (4 bytes, big-endian) in front, the first of them the type again (RFC 4253, section 6.6).
bool is_key_blob(std::string_view bytes, std::string_view type) {
  for (std::size_t parts = 0;; ++parts) {
    if (bytes.empty()) return parts >= 2;
    if (bytes.size() < 4) return false;
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    bytes.remove_prefix(4);
    if (length > bytes.size() || length == 0 || (parts == 0 && bytes.substr(0, length) != type)) return false;
    bytes.remove_prefix(length);
  }
}

struct Reserved {
  std::string_view path;
  std::string_view advice;
};
constexpr Reserved kReserved[] = {
    {"/etc/rancher/k3s/config.yaml",
     "it is made from kubernetes.spec; put further keys of K3s into /etc/rancher/k3s/config.yaml.d/10-more.yaml"},
    {"/etc/passwd", "use operatingSystem.users"},
    {"/etc/shadow", "use operatingSystem.users"},
    {"/etc/group", "use operatingSystem.users"},
    {"/etc/gshadow", "use operatingSystem.users"},
    {"/etc/sudoers", "put a file into /etc/sudoers.d"},
    {"/etc/hostname", "use operatingSystem.hostname"},
    {"/etc/localtime", "use operatingSystem.timezone"},
    {"/etc/timezone", "use operatingSystem.timezone"},
};

std::optional<Complaint> check_place(std::string_view path) {
  if (!is_below(path, "/etc") && !is_below(path, "/var"))
    return Complaint{fmt::format("{} is not below /etc or /var", shown(path)),
                     "files can be written only there; the rest belongs to the image"};
  for (const std::string_view folder : {"/var/run", "/var/lock"})
    if (path == folder || is_below(path, folder))
      return Complaint{fmt::format("{} is not really below /var", shown(path)),
                       fmt::format("{} leads to /run, which is empty at every boot", folder)};
  if (is_below(path, "/var/lib/rancher/slipway-standalone"))
    return Complaint{fmt::format("{} is where first boot keeps its record", shown(path)), "choose another folder"};
  for (const Reserved& reserved : kReserved)
    if (path == reserved.path)
      return Complaint{fmt::format("{} cannot be written as a file", shown(path)), std::string(reserved.advice)};
  return std::nullopt;
}

}  // namespace

std::optional<Complaint> check_timezone(std::string_view text) {
  const auto& zones = timezones();
  if (std::ranges::find(zones, text) != zones.end()) return std::nullopt;
  const std::string word = nearest(text, zones);
  return Complaint{fmt::format("{} is no time zone", shown(text)),
                   word.empty() ? "write it as Region/City such as 'Europe/Berlin', or 'UTC'"
                                : fmt::format("did you mean '{}'?", word)};
}

std::optional<Complaint> check_user_name(std::string_view text) {
  return check_account(text, "user");
}

std::optional<Complaint> check_group_name(std::string_view text) {
  return check_account(text, "group");
}

std::optional<Complaint> check_password(std::string_view text) {
  if (text.empty()) return Complaint{"is empty", "give a hash made by: openssl passwd -6"};
  if (has_control(text)) return Complaint{"has a control character", "give a hash made by: openssl passwd -6"};
  if (text.size() > 512) return Complaint{"is longer than 512 characters", "give a hash made by: openssl passwd -6"};
  if (text == "!" || text == "*" || text == "x")
    return Complaint{"is no password", "leave 'password' out to lock the password"};
  if (classify_password(text) != PasswordForm::kBrokenHash) return std::nullopt;
  if (text.starts_with("$1$"))
    return Complaint{"is a hash with MD5, which is broken", "make one with SHA-512: openssl passwd -6"};
  return Complaint{"begins like a password hash, but is none that crypt(5) knows",
                   "copy all of the line that 'openssl passwd -6' prints, in single quotes"};
}

std::optional<Complaint> check_shell(std::string_view text) {
  if (text.starts_with('/') && !has_control(text) && normal_path(text) == text && text.find(':') == text.npos)
    return std::nullopt;
  return Complaint{fmt::format("{} is no absolute path", shown(text)), "write it as /bin/bash"};
}

std::optional<Complaint> check_ssh_key(std::string_view text) {
  if (text.find("PRIVATE KEY") != text.npos)
    return Complaint{"is a private key",
                     "give the public key, the line in the file that ends in .pub, and make a new pair"};
  if (has_control(text)) return Complaint{"is not one line", "give one public key per list item"};
  const std::vector<std::string_view> kTypes{"ssh-ed25519",
                                             "ssh-rsa",
                                             "ecdsa-sha2-nistp256",
                                             "ecdsa-sha2-nistp384",
                                             "ecdsa-sha2-nistp521",
                                             "sk-ssh-ed25519@openssh.com",
                                             "sk-ecdsa-sha2-nistp256@openssh.com"};
  const std::string_view type = text.substr(0, text.find(' '));
  if (type == "ssh-dss")
    return Complaint{"is a DSA key, which SSH servers refuse", "make one with: ssh-keygen -t ed25519"};
  if (std::ranges::find(kTypes, type) == kTypes.end()) {
    const std::string advice = did_you_mean(type, kTypes);
    return Complaint{
        fmt::format("does not begin with the type of an SSH key but with {}", shown(type.substr(0, 30))),
        advice.empty() ? "copy the whole line of the .pub file, such as 'ssh-ed25519 AAAA... name'" : advice};
  }
  std::string_view blob = text.substr(std::min(text.size(), type.size() + 1));
  blob = blob.substr(0, blob.find(' '));
  const auto bytes = data::base64_decode(blob);
  const bool matches = bytes && is_key_blob(*bytes, type);
  if (matches) return std::nullopt;
  return Complaint{fmt::format("is not a whole key of type {}", type), "copy the whole line of the .pub file again"};
}

std::optional<Complaint> check_file_path(std::string_view text) {
  if (has_control(text)) return Complaint{fmt::format("{} has a control character", shown(text)), "remove it"};
  if (!text.starts_with('/'))
    return Complaint{fmt::format("{} is not absolute", shown(text)),
                     fmt::format("begin it with '/', such as /etc/{}", text.substr(0, 60))};
  if (text.ends_with(' ')) return Complaint{fmt::format("{} ends in a blank", shown(text)), "remove it"};
  if (text.ends_with('/'))
    return Complaint{fmt::format("{} is a folder", shown(text)), "name a file in it; missing folders are made"};
  const std::string normal = normal_path(text);
  if (auto complaint = check_place(normal)) {
    if (normal != text)
      complaint->what = fmt::format("{} means {}, and {}", shown(text), shown(normal), complaint->what);
    return complaint;
  }
  if (normal != text)
    return Complaint{fmt::format("{} has '.', '..' or '//' in it", shown(text)), fmt::format("write '{}'", normal)};
  if (text.size() > 4000) return Complaint{"is longer than 4000 characters", "shorten it"};
  for (std::string_view rest = text; !rest.empty();) {
    rest.remove_prefix(1);
    const std::string_view part = rest.substr(0, rest.find('/'));
    if (part.size() > 255)
      return Complaint{fmt::format("the part {} is longer than 255 bytes", shown(part)), "shorten it"};
    rest.remove_prefix(part.size());
  }
  return std::nullopt;
}

std::optional<Complaint> check_owner(std::string_view text) {
  const auto colon = text.find(':');
  const auto is_name = [](std::string_view name) {
    return !name.empty() && name.size() <= 32 && name[0] != '-' && is_word(name, "_-.");
  };
  if (is_name(text.substr(0, colon)) && (colon == text.npos || is_name(text.substr(colon + 1)))) return std::nullopt;
  return Complaint{fmt::format("{} is no owner", shown(text)), "write user or user:group such as root:root"};
}

std::optional<Complaint> check_permissions(std::string_view text) {
  const bool is_octal = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
  if (is_octal && (text.size() == 3 || (text.size() == 4))) return std::nullopt;
  return Complaint{fmt::format("{} are no permissions", shown(text)),
                   "write three or four octal digits in quotes such as \"0644\""};
}

std::optional<Complaint> check_command(std::string_view text) {
  if (text.find('\0') != text.npos) return Complaint{"holds a NUL character", "remove \\0"};
  if (text.find_first_not_of(" \t\n") == text.npos) return Complaint{"is empty", "remove the item, or write a command"};
  if (text.size() > 100'000) return Complaint{"is longer than 100000 characters", "put it into a file and run that"};
  return std::nullopt;
}

std::optional<Complaint> check_line(std::string_view text) {
  if (!has_control(text)) return std::nullopt;
  return Complaint{"holds a line break or another control character", "write it on one line"};
}

}  // namespace slipway::standalone
