#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Reads the staged `commands` back, with an own reader of shell words: what a shell would run, for tests and the fuzz
// target to compare with what the user wrote.
namespace slipway::standalone::testing {

struct WrittenCommands {
  std::vector<std::string> exports;        // "NAME=value"
  std::vector<std::string> before, after;  // the words behind eval, before and after the installation
};

// Nothing when the text holds anything but exports, evals, the installation and the success file.
inline std::optional<WrittenCommands> read_written_commands(std::string_view text, std::string_view installation) {
  WrittenCommands written;
  bool is_installed = false;
  const auto take = [&](std::string_view part) {
    if (!text.starts_with(part)) return false;
    text.remove_prefix(part.size());
    return true;
  };
  // One POSIX word of plain characters, single quotes and backslashes; nothing in it is expanded.
  const auto word = [&]() -> std::optional<std::string> {
    std::string value;
    std::size_t taken = 0;
    while (!text.empty() && text[0] != ' ' && text[0] != '\n') {
      ++taken;
      if (text[0] == '\'') {
        const auto end = text.find('\'', 1);
        if (end == text.npos) return std::nullopt;
        value += text.substr(1, end - 1);
        text.remove_prefix(end + 1);
      } else if (text[0] == '\\' && text.size() > 1) {
        value += text[1];
        text.remove_prefix(2);
      } else if (std::string_view("|&;<>()$`\"*?[#~!{}\t").find(text[0]) != std::string_view::npos) {
        return std::nullopt;
      } else {
        value += text[0];
        text.remove_prefix(1);
      }
    }
    return taken > 0 ? std::optional(value) : std::nullopt;
  };
  while (!text.empty()) {
    if (take("export ")) {
      const auto assignment = word();
      if (!assignment || !take("\n")) return std::nullopt;
      written.exports.push_back(*assignment);
    } else if (take("eval ")) {
      const auto line = word();
      if (!line || !take(" || { echo ") || !word() || !take(" >&2; exit 1; }\n")) return std::nullopt;
      (is_installed ? written.after : written.before).push_back(*line);
    } else if (!is_installed && take(installation)) {
      is_installed = true;
    } else if (is_installed &&
               take("mkdir -p /run/cluster-api && echo success > /run/cluster-api/bootstrap-success.complete\n")) {
      return text.empty() ? std::optional(written) : std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace slipway::standalone::testing
