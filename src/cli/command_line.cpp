#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fmt/core.h>

#include "base/version.h"
#include "cli/cluster_commands.h"
#include "cli/completion.h"
#include "cli/host_commands.h"
#include "cli/output.h"

namespace slipway::cli {

namespace {

using std::chrono::seconds;

CompletionNode completion_of(const CLI::App& app) {
  CompletionNode node{app.get_name(), {}, {}};
  for (const CLI::Option* option : app.get_options())
    if (const std::string name = option->get_name(); name.starts_with("--")) node.options.push_back(name);
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; }))
    node.children.push_back(completion_of(*child));
  return node;
}

// "90", "90s", "15m", "24h", "7d".
std::string check_duration(const std::string& text) {
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  const std::string unit = end;
  if (value <= 0 || value > 1'000'000 || (unit != "" && unit != "s" && unit != "m" && unit != "h" && unit != "d"))
    return fmt::format("'{}' is not a duration such as 90s, 15m, 24h or 7d", text);
  return "";
}

seconds to_duration(const std::string& text) {
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  switch (*end) {
    case 'm':
      return std::chrono::minutes(value);
    case 'h':
      return std::chrono::hours(value);
    case 'd':
      return std::chrono::hours(24 * value);
    default:
      return seconds(value);
  }
}

// The options' texts live here while CLI11 fills them.
class CommandLine {
 public:
  CommandLine(Context context, const ConnectClient& connect) : context_(std::move(context)), connect_(connect) {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", std::string("slipway ") + std::string(base::kVersion));
    app_.add_option("--kubeconfig", kubeconfig_, "kubeconfig of the orchestrator (SLIPWAY_KUBECONFIG, KUBECONFIG)");
    app_.add_option("--context", kubeconfig_context_, "context of the kubeconfig, default its current one");
    app_.add_option("-p,--project,-n,--namespace", context_.project, "project (namespace), default \"default\"");
    app_.add_option("-o,--output", format_, "table, json or yaml")->check(CLI::IsMember({"table", "json", "yaml"}));
    app_.fallthrough();
    app_.failure_message(CLI::FailureMessage::simple);
    app_.footer(
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 conflict, 5 timed out waiting, 6 orchestrator not "
        "reachable");
    add_host_commands();
    add_cluster_commands();
    CLI::App* completion = app_.add_subcommand("completion", "print a shell completion script");
    completion->add_option("shell", text_, "bash, zsh or fish")->required();
    completion->callback([this] {
      run_ = [this]() -> Status {
        print(context_.out, SLIPWAY_TRY(completion_script(text_, completion_of(app_))));
        return {};
      };
      needs_client_ = false;
    });
  }

  int run(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::Success& wanted) {
      return app_.exit(wanted);  // --help and --version
    } catch (const CLI::ParseError& error) {
      const std::string unknown = unknown_command(argc, argv);
      print(context_.err,
            fmt::format("slipway: {}\nRun with --help for usage.\n", unknown.empty() ? error.what() : unknown));
      return static_cast<int>(ExitCode::kUsage);
    }
    context_.format = format_ == "json"   ? OutputFormat::kJson
                      : format_ == "yaml" ? OutputFormat::kYaml
                                          : OutputFormat::kTable;
    const Status done = execute();
    if (done) return 0;
    print(context_.err, fmt::format("slipway: {}\n", done.error().message()));
    for (const auto& field : done.error().fields())
      if (done.error().message().find(field.message) == std::string::npos)
        print(context_.err, fmt::format("  {}: {}\n", field.field, field.message));
    return static_cast<int>(exit_code_of(done.error()));
  }

 private:
  Status execute() {
    std::shared_ptr<kube::Client> client;
    if (needs_client_) {
      client = SLIPWAY_TRY(connect_(kubeconfig_path(), kubeconfig_context_, context_.server));
      context_.client = client.get();
    }
    return run_();
  }

  // CLI11 only says that a command is missing; people want to read which word is none.
  std::string unknown_command(int argc, const char* const* argv) {
    CLI::App* at = &app_;
    for (int i = 1; i < argc; ++i) {
      const std::string word = argv[i];
      if (word.starts_with('-')) {
        const CLI::Option* option = at->get_option_no_throw(word);
        if (option == nullptr) option = app_.get_option_no_throw(word);
        if (option != nullptr && option->get_items_expected_max() > 0) ++i;
        continue;
      }
      if (at->get_subcommands([](const CLI::App*) { return true; }).empty()) return "";
      const auto next = at->get_subcommands([&](const CLI::App* child) { return child->check_name(word); });
      if (next.empty()) return fmt::format("'{}' is no command of '{}'", word, at->get_name());
      at = next.front();
    }
    return "";
  }

  std::string kubeconfig_path() const {
    if (!kubeconfig_.empty()) return kubeconfig_;
    const char* value = std::getenv("SLIPWAY_KUBECONFIG");
    return value != nullptr ? value : "";
  }

  CLI::App* command(CLI::App* parent, const std::string& name, const std::string& help, std::function<Status()> run) {
    CLI::App* added = parent->add_subcommand(name, help);
    added->callback([this, run = std::move(run)] { run_ = run; });
    return added;
  }

  CLI::Option* duration(CLI::App* to, const std::string& name, seconds& into, const std::string& help) {
    return to
        ->add_option_function<std::string>(
            name, [&into](const std::string& text) { into = to_duration(text); }, help)
        ->check(CLI::Validator(check_duration, "DURATION"));
  }

  void add_host_commands() {
    CLI::App* host = app_.add_subcommand("host", "edge hosts");
    host->require_subcommand(1);
    CLI::App* added = command(host, "register", "register a machine and make its join token",
                              [this] { return host_register(context_, host_register_); });
    added->add_option("name", host_register_.name, "name of the host")->required();
    added->add_option("--serial", host_register_.serial_number, "serial number of the machine (DMI product_serial)");
    added->add_option("--uuid", host_register_.uuid, "UUID of the machine (DMI product_uuid)");
    added->add_option("--description", host_register_.description, "for people");
    added->add_option("--token-file", host_register_.token_file,
                      "write the join token to this file (0600) instead of printing it");
    duration(added, "--token-lifetime", host_register_.token_lifetime,
             "how long the join token is valid (default 24h)");
    added = command(host, "token", "make a new join token for a registered host",
                    [this] { return host_token(context_, host_register_); });
    added->add_option("name", host_register_.name, "name of the host")->required();
    added->add_option("--token-file", host_register_.token_file,
                      "write the join token to this file (0600) instead of printing it");
    duration(added, "--token-lifetime", host_register_.token_lifetime,
             "how long the join token is valid (default 24h)");
    added = command(host, "list", "list hosts", [this] { return host_list(context_, all_projects_); });
    added->add_flag("-A,--all-projects", all_projects_, "hosts of all projects");
    added = command(host, "describe", "show a host, its history and events",
                    [this] { return host_describe(context_, text_); });
    added->add_option("name", text_, "name of the host")->required();
    added = command(host, "authorize", "let a deauthorized host enrol again",
                    [this] { return host_set_authorized(context_, text_, true); });
    added->add_option("name", text_, "name of the host")->required();
    added = command(host, "deauthorize", "revoke a host's credentials at once",
                    [this] { return host_set_authorized(context_, text_, false); });
    added->add_option("name", text_, "name of the host")->required();
    added = command(host, "delete", "remove a host and revoke its credentials",
                    [this] { return host_delete(context_, host_delete_); });
    added->add_option("name", host_delete_.name, "name of the host")->required();
    add_wait_options(added, host_delete_.wait, host_delete_.timeout);
  }

  void add_cluster_commands() {
    CLI::App* cluster = app_.add_subcommand("cluster", "clusters on edge hosts");
    cluster->require_subcommand(1);
    CLI::App* added = command(cluster, "create", "create a cluster on a host and follow it until it is Ready",
                              [this] { return cluster_create(context_, cluster_create_); });
    added->add_option("name", cluster_create_.name, "name of the cluster")->required();
    added->add_option("--host", cluster_create_.host, "host it runs on")->required();
    added->add_option("--template", cluster_create_.cluster_template,
                      "cluster template (default: the project's default template)");
    add_wait_options(added, cluster_create_.wait, cluster_create_.timeout);
    added = command(cluster, "list", "list clusters", [this] { return cluster_list(context_, all_projects_); });
    added->add_flag("-A,--all-projects", all_projects_, "clusters of all projects");
    added = command(cluster, "describe", "show a cluster, its conditions and events",
                    [this] { return cluster_describe(context_, text_); });
    added->add_option("name", text_, "name of the cluster")->required();
    added =
        command(cluster, "delete", "delete a cluster", [this] { return cluster_delete(context_, cluster_delete_); });
    added->add_option("name", cluster_delete_.name, "name of the cluster")->required();
    added
        ->add_option("--policy", cluster_delete_.policy,
                     "what becomes of its hosts: reset (default), deauthorize, keep")
        ->check(CLI::IsMember({"reset", "deauthorize", "keep"}));
    added->add_flag("-y,--yes", cluster_delete_.yes, "do not ask");
    add_wait_options(added, cluster_delete_.wait, cluster_delete_.timeout);
    added = command(cluster, "kubeconfig", "print the kubeconfig of a cluster",
                    [this] { return cluster_kubeconfig(context_, kubeconfig_options_); });
    added->add_option("name", kubeconfig_options_.name, "name of the cluster")->required();
    added->add_option("-f,--file", kubeconfig_options_.file, "write it to this file (0600)");
    added = command(cluster, "timeline", "when each step of the creation was reached",
                    [this] { return cluster_timeline(context_, text_); });
    added->add_option("name", text_, "name of the cluster")->required();
  }

  void add_wait_options(CLI::App* to, bool& wait, seconds& timeout) {
    to->add_flag("--wait,!--no-wait", wait, "wait until it is done (default)");
    duration(to, "--timeout", timeout, "how long to wait, such as 90s or 10m");
  }

  CLI::App app_{"Slipway: Kubernetes as a part of the edge operating system", "slipway"};
  Context context_;
  const ConnectClient& connect_;
  std::function<Status()> run_;
  bool needs_client_ = true;
  bool all_projects_ = false;
  std::string kubeconfig_, kubeconfig_context_, format_ = "table", text_;
  HostRegisterOptions host_register_;
  HostDeleteOptions host_delete_;
  ClusterCreateOptions cluster_create_;
  ClusterDeleteOptions cluster_delete_;
  ClusterKubeconfigOptions kubeconfig_options_;
};

}  // namespace

int run_command_line(int argc, const char* const* argv, Context context, const ConnectClient& connect) {
  return CommandLine(std::move(context), connect).run(argc, argv);
}

}  // namespace slipway::cli
