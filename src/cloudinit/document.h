#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// cloud-config documents: the subset that Slipway emits, readable by cloud-init itself. Its agent runs write_files,
// bootcmd and runcmd; the host's users, name and time zone are for cloud-init alone. Pure functions.
namespace slipway::cloudinit {

// One entry of write_files, with its content decoded.
struct WriteFile {
  std::string path;  // absolute, without "." and ".."
  std::string content;
  std::string owner = "root:root";   // user or user:group
  std::string permissions = "0644";  // octal
  bool operator==(const WriteFile&) const = default;
};

// One entry of runcmd or bootcmd: a list of arguments, or one line of shell. cloud-init joins all entries to one
// script for /bin/sh, so what a line exports is seen by the later ones.
struct Command {
  std::vector<std::string> arguments;  // when not empty: run as they are, no shell expansion
  std::string line;                    // otherwise: shell text
  bool operator==(const Command&) const = default;
};

// One entry of users. There is no sudo rule here: cloud-init appends it again at every run; write a file instead.
struct User {
  std::string name;
  std::vector<std::string> groups;           // made when missing
  std::string shell;                         // "" = the system's default
  std::string password_hash;                 // crypt(5); "" = no login by password
  std::vector<std::string> authorized_keys;  // lines of ~/.ssh/authorized_keys
  bool operator==(const User&) const = default;
};

struct Document {
  std::vector<User> users;             // none = what the host's image says
  std::string hostname;                // one label; "" = as it is
  std::string fqdn;                    // hostname with its domain, or ""
  std::string timezone;                // "Europe/Berlin"; "" = as it is
  std::vector<WriteFile> files;        // written in this order, before run_commands
  std::vector<Command> boot_commands;  // before the files
  std::vector<Command> run_commands;
  bool operator==(const Document&) const = default;
};

struct Limits {
  std::size_t max_bytes = 4u << 20;           // of the text
  std::size_t max_content_bytes = 16u << 20;  // of all files together, unpacked
  std::size_t max_entries = 1024;             // files, and commands of each kind
};

// Written by a bootstrap document when all of it succeeded (Cluster API's contract with infrastructure providers).
inline constexpr std::string_view kSuccessFolder = "/run/cluster-api";
inline constexpr std::string_view kSuccessFile = "/run/cluster-api/bootstrap-success.complete";

// "#cloud-config" and the document, deterministic; content that is not plain text goes as base64. No Jinja header: user
// content is never a template. kInvalid names the file or command that cannot be expressed.
base::Result<std::string> render(const Document& document);

// Which modules a reader takes: only what Slipway's agent can run, or all that render() writes.
enum class Modules { kFilesAndCommands, kAll };

// Reads what render() writes, and hand-written documents of the same subset. Anything else is refused by name
// (kUnsupported: another module or key; kInvalid: a value; kTooLarge: a limit), never skipped.
base::Result<Document> parse(std::string_view text, const Limits& limits = {},
                             Modules modules = Modules::kFilesAndCommands);

// The shell text of a command as cloud-init puts it into its script: lines as they are, arguments quoted.
std::string shell_text(const Command& command);

}  // namespace slipway::cloudinit
