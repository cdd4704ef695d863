#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// cloud-config documents: the subset that Slipway emits and its agent runs (write_files, bootcmd, runcmd), readable by
// cloud-init itself. Pure functions.
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

struct Document {
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

// Reads what render() writes, and hand-written documents of the same subset. Anything else is refused by name
// (kUnsupported: another module or key; kInvalid: a value; kTooLarge: a limit), never skipped.
base::Result<Document> parse(std::string_view text, const Limits& limits = {});

// The shell text of a command as cloud-init puts it into its script: lines as they are, arguments quoted.
std::string shell_text(const Command& command);

}  // namespace slipway::cloudinit
