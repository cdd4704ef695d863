#include "standalone/command_line.h"

#include <algorithm>
#include <fmt/core.h>
#include <optional>

#include "base/files.h"
#include "base/subprocess.h"
#include "base/version.h"
#include "standalone/configuration.h"
#include "standalone/convert.h"
#include "standalone/embedded.h"
#include "standalone/embedded_version.h"
#include "standalone/first_boot_document.h"
#include "standalone/json_schema.h"
#include "standalone/plan_text.h"

namespace slipway::standalone {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr int kDone = 0, kWrongConfiguration = 1, kWrongUsage = 2, kFileTrouble = 3;
constexpr std::size_t kMaxFileBytes = 4u << 20;

constexpr std::string_view kHelp =
    "cluster-bootstrapper: from a standalone edge configuration to the cloud-init document of its first boot\n"
    "\n"
    "  cluster-bootstrapper -config-file FILE -out FILE   write the document (mode 0600; '-' is standard output)\n"
    "  cluster-bootstrapper -config-file FILE -check      only say what is wrong\n"
    "  cluster-bootstrapper -config-file FILE -print-plan say in words what first boot will do\n"
    "  cluster-bootstrapper default [-out FILE]           the configuration to start from\n"
    "  cluster-bootstrapper schema [-out FILE]            its JSON Schema, for editors\n"
    "  cluster-bootstrapper convert OLD -out NEW          an older raw-text config-file as YAML\n"
    "  cluster-bootstrapper preflight [-o json]           say whether K3s can work on this machine; 1: it cannot\n"
    "\n"
    "  -manifest FILE   manifest.json of the image: the version of its K3s\n"
    "  -root DIR        where the image is mounted: its K3s is asked for the version\n"
    "  -version, -help\n"
    "\n"
    "Exit code: 0 done, 1 the configuration is wrong, 2 wrong usage, 3 a file cannot be read or written.\n";

struct Arguments {
  std::string command;  // "" = make the document
  std::vector<std::string> operands;
  std::string config_file, out, manifest, root, output;
  bool check = false, print_plan = false, help = false, version = false;
};

// Options begin with one dash or two; a value follows behind '=' or as the next argument.
Result<Arguments> parse_arguments(const std::vector<std::string>& given) {
  Arguments arguments;
  const std::pair<std::string_view, std::string*> values[] = {{"config-file", &arguments.config_file},
                                                              {"out", &arguments.out},
                                                              {"manifest", &arguments.manifest},
                                                              {"root", &arguments.root},
                                                              {"o", &arguments.output}};
  const std::pair<std::string_view, bool*> flags[] = {{"check", &arguments.check},
                                                      {"print-plan", &arguments.print_plan},
                                                      {"help", &arguments.help},
                                                      {"h", &arguments.help},
                                                      {"version", &arguments.version}};
  for (std::size_t i = 0; i < given.size(); ++i) {
    std::string_view text = given[i];
    if (!text.starts_with('-') || text == "-") {
      if (i == 0) {
        arguments.command = text;
      } else {
        arguments.operands.emplace_back(text);
      }
      continue;
    }
    text.remove_prefix(text.starts_with("--") ? 2 : 1);
    const auto equal = text.find('=');
    const std::string_view name = text.substr(0, equal);
    const auto* flag = std::ranges::find(flags, name, [](const auto& entry) { return entry.first; });
    const auto* value = std::ranges::find(values, name, [](const auto& entry) { return entry.first; });
    if (flag != std::end(flags) && equal == text.npos) {
      *flag->second = true;
    } else if (value == std::end(values)) {
      return fail(ErrorCode::kInvalid, fmt::format("unknown option '{}'", given[i]));
    } else if (!value->second->empty()) {
      return fail(ErrorCode::kInvalid, fmt::format("-{} is given twice", name));
    } else if (equal != text.npos) {
      *value->second = text.substr(equal + 1);
    } else if (i + 1 < given.size()) {
      *value->second = given[++i];
    }
    if (value != std::end(values) && value->second->empty())
      return fail(ErrorCode::kInvalid, fmt::format("-{} needs a value", name));
  }
  return arguments;
}

class Command {
 public:
  Command(Arguments arguments, const Output& output) : arguments_(std::move(arguments)), output_(output) {}

  int run() {
    if (arguments_.help || arguments_.command == "help") return print(kHelp);
    if (arguments_.version || arguments_.command == "version")
      return print(fmt::format("cluster-bootstrapper {}\n", base::kVersion));
    if (arguments_.command == "default") return write(std::string(default_configuration()), 0644);
    if (arguments_.command == "schema") return write(json_schema_text(), 0644);
    if (arguments_.command == "convert") return convert();
    if (arguments_.command == "preflight") return preflight();
    if (!arguments_.command.empty()) return usage(fmt::format("unknown command '{}'", arguments_.command));
    return make();
  }

 private:
  int print(std::string_view text) {
    output_.out(text);
    return kDone;
  }
  int usage(const std::string& what) {
    output_.error(fmt::format("cluster-bootstrapper: {}; see cluster-bootstrapper -help\n", what));
    return kWrongUsage;
  }
  int trouble(const base::Error& error) {
    output_.error(fmt::format("cluster-bootstrapper: {}\n", error.message()));
    return kFileTrouble;
  }

  int write(const std::string& text, mode_t mode) {
    if (arguments_.out.empty() || arguments_.out == "-") return print(text);
    const auto written = base::write_file_atomically(arguments_.out, text, mode);
    return written ? kDone : trouble(written.error());
  }

  void report(const std::vector<Problem>& problems, const std::string& file) {
    std::string text;
    std::size_t errors = 0;
    for (const Problem& problem : problems) {
      text += to_text(problem, file) + "\n";
      if (!problem.is_warning) ++errors;
    }
    if (errors > 0) text += fmt::format("{}: {} error{}; nothing was written\n", file, errors, errors == 1 ? "" : "s");
    if (!text.empty()) output_.error(text);
  }

  Result<std::string> embedded_version() const {
    if (!arguments_.manifest.empty()) {
      const std::string text = SLIPWAY_TRY(base::read_file(arguments_.manifest, kMaxFileBytes));
      return version_in_manifest(text).with_context(arguments_.manifest);
    }
    if (!arguments_.root.empty()) return version_of_root(arguments_.root);
    return std::string();
  }

  int make() {
    if (!arguments_.operands.empty()) return usage(fmt::format("'{}' is not expected", arguments_.operands[0]));
    if (arguments_.config_file.empty()) return usage("-config-file FILE is missing");
    const int actions = (arguments_.out.empty() ? 0 : 1) + (arguments_.check ? 1 : 0) + (arguments_.print_plan ? 1 : 0);
    if (actions != 1) return usage("give one of -out FILE, -check and -print-plan");
    if (!arguments_.manifest.empty() && !arguments_.root.empty()) return usage("give one of -manifest and -root");
    const auto version = embedded_version();
    if (!version) return trouble(version.error());
    const auto text = base::read_file(arguments_.config_file, kMaxFileBytes);
    if (!text) return trouble(text.error());
    const ReadResult result = read_configuration(*text, {.embedded_version = *version});
    report(result.problems, arguments_.config_file);
    if (!result.configuration) return kWrongConfiguration;
    const auto document = render_first_boot(*result.configuration);
    if (!document) {
      output_.error(fmt::format("{}: {}\n", arguments_.config_file, document.error().message()));
      return kWrongConfiguration;
    }
    if (arguments_.check) return kDone;
    if (arguments_.print_plan) return print(plan_text(*result.configuration));
    return write(*document, 0600);
  }

  // The same checks as at first boot, where they run without this program; its plan is taken into account when it is
  // there.
  int preflight() {
    if (!arguments_.output.empty() && arguments_.output != "json" && arguments_.output != "table")
      return usage(fmt::format("-o {} is neither table nor json", arguments_.output));
    std::vector<std::string> argv{"sh", "-c", std::string(preflight_script()),
                                  fmt::format("{}/preflight", kStagingFolder)};
    if (arguments_.output == "json") argv.insert(argv.end(), {"-o", "json"});
    const auto result = base::run_process({.argv = std::move(argv), .timeout = std::chrono::seconds(60)});
    if (!result) return trouble(result.error());
    output_.error(result->standard_error);
    output_.out(result->standard_output);
    return result->exit_code == 0 ? kDone : result->exit_code == 1 ? kWrongConfiguration : kFileTrouble;
  }

  int convert() {
    if (arguments_.operands.size() != 1 || arguments_.out.empty()) return usage("convert needs OLD -out NEW");
    const auto text = base::read_file(arguments_.operands[0], kMaxFileBytes);
    if (!text) return trouble(text.error());
    const Conversion conversion = convert_raw_text(*text);
    report(conversion.problems, arguments_.operands[0]);
    if (has_errors(conversion.problems)) return kWrongConfiguration;
    if (const int code = write(conversion.yaml, 0600); code != kDone) return code;
    // What was wrong in the old file is wrong in the new one, where it can be corrected.
    const ReadResult checked = read_configuration(conversion.yaml);
    for (const Problem& problem : checked.problems) output_.error(to_text(problem, arguments_.out) + "\n");
    return checked.configuration ? kDone : kWrongConfiguration;
  }

  Arguments arguments_;
  const Output& output_;
};

}  // namespace

int run_command_line(const std::vector<std::string>& given, const Output& output) {
  auto arguments = parse_arguments(given);
  if (!arguments) {
    output.error(
        fmt::format("cluster-bootstrapper: {}; see cluster-bootstrapper -help\n", arguments.error().message()));
    return kWrongUsage;
  }
  return Command(std::move(*arguments), output).run();
}

}  // namespace slipway::standalone
