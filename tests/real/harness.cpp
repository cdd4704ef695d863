#include "real/harness.h"

#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <set>
#include <signal.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "data/json_text.h"

extern char** environ;

namespace slipway::real {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::ProcessResult;
using base::Result;
using base::Status;
using data::Json;

fs::path source_folder() {
  return SLIPWAY_SOURCE_FOLDER;
}

namespace {
fs::path& programs_folder() {
  static fs::path folder = source_folder() / "build/bin";
  return folder;
}
}  // namespace

void use_programs_with_crash_points() {
  programs_folder() = SLIPWAY_PROGRAMS_FOLDER;
}
void use_release_programs() {
  programs_folder() = source_folder() / "build/bin";
}
fs::path program(const std::string& name) {
  return programs_folder() / name;
}

namespace {

fs::path real_folder() {
  return source_folder() / "build/real";
}
fs::path kubectl_program() {
  return real_folder() / "bin/kubectl";
}

Result<ProcessResult> run(std::vector<std::string> argv, milliseconds timeout, std::string input = "") {
  return base::run_process(
      {.argv = std::move(argv), .input = std::move(input), .timeout = timeout, .output_limit = 4u << 20});
}

}  // namespace

std::optional<std::string> missing_parts() {
  if (::geteuid() != 0) return "needs root (network and mount namespaces)";
  for (const char* name : {"slipwayd", "slipway", "slipway-agent"})
    if (!fs::exists(program(name))) return fmt::format("build/bin/{} is not there; run make build", name);
  if (kubernetes_under_test().empty()) return "no K3s and no k3s-standin; tests/real/acquire-k3s says why";
  if (!fs::exists(kubectl_program())) return "build/real/bin/kubectl is not there; run tests/real/acquire-k3s";
  return std::nullopt;
}

std::string kubernetes_under_test() {
  const auto found = run({(source_folder() / "tests/real/acquire-k3s").string(), "--no-build"}, milliseconds(60'000));
  if (!found || found->exit_code != 0) return "";
  // implementation=k3s-standin version=v1.36.3+k3s1 source=… binary=… image=…
  const std::string& line = found->standard_output;
  const auto value = [&](const std::string& name) {
    const auto at = line.find(name + "=");
    return at == std::string::npos ? "" : line.substr(at + name.size() + 1, line.find(' ', at) - at - name.size() - 1);
  };
  return value("implementation") + " " + value("version");
}

bool eventually(milliseconds limit, const std::function<bool()>& condition, milliseconds pause) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

Result<Process> Process::start(std::vector<std::string> argv, const fs::path& log,
                               const std::map<std::string, std::string>& environment) {
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (out < 0) return base::errno_error(errno, log.string());
  std::vector<char*> pointers;
  for (std::string& text : argv) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setpgid(0, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::execvp(pointers[0], pointers.data());
    ::_exit(127);
  }
  ::close(out);
  if (pid < 0) return base::errno_error(errno, "fork");
  return Process(pid, log);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_code_(other.exit_code_), log_(std::move(other.log_)) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    kill_hard();
    pid_ = std::exchange(other.pid_, -1);
    exit_code_ = other.exit_code_;
    log_ = std::move(other.log_);
  }
  return *this;
}

Process::~Process() {
  kill_hard();
}

bool Process::running() {
  return wait(milliseconds(0)) == -1 && pid_ > 0;
}

void Process::signal(int number) {
  if (pid_ > 0) ::kill(pid_, number);
}

void Process::kill_hard() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
}

int Process::wait(milliseconds limit) {
  int status = 0;
  if (pid_ > 0 && eventually(limit, [&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, milliseconds(5))) {
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    pid_ = -1;
  }
  return pid_ > 0 ? -1 : exit_code_;
}

std::string Process::output() const {
  return base::read_file(log_).value_or("");
}

bool has_kubectl() {
  return fs::exists(kubectl_program());
}

Result<ProcessResult> run_kubectl(const fs::path& kubeconfig, const fs::path& cache, std::vector<std::string> args,
                                  const std::string& input, milliseconds timeout) {
  args.insert(args.begin(),
              {kubectl_program().string(), "--kubeconfig", kubeconfig.string(), "--cache-dir", cache.string()});
  return run(std::move(args), timeout, input);
}

Result<std::unique_ptr<Orchestrator>> Orchestrator::start(const fs::path& folder,
                                                          std::map<std::string, std::string> environment,
                                                          std::vector<std::string> arguments) {
  auto orchestrator = std::unique_ptr<Orchestrator>(new Orchestrator());
  orchestrator->folder_ = folder;
  orchestrator->more_arguments_ = std::move(arguments);
  orchestrator->data_ = folder / "slipwayd";
  SLIPWAY_TRY(base::make_folders(orchestrator->data_, 0700));
  SLIPWAY_TRY(orchestrator->launch(environment));
  return orchestrator;
}

Result<std::unique_ptr<Orchestrator>> Orchestrator::start_on(const fs::path& folder, ManagementCluster cluster) {
  auto orchestrator = std::unique_ptr<Orchestrator>(new Orchestrator());
  orchestrator->folder_ = folder;
  orchestrator->data_ = folder / "slipwayd";
  orchestrator->agent_port_ = cluster.agent_port;
  orchestrator->gateway_port_ = cluster.gateway_port;
  orchestrator->cluster_ = std::move(cluster);
  SLIPWAY_TRY(base::make_folders(orchestrator->data_ / "pki", 0700));
  SLIPWAY_TRY(orchestrator->launch({}));
  const Json authority = orchestrator->get("configmaps", "slipway-ca", "slipway-system");
  SLIPWAY_TRY(base::write_file_atomically(orchestrator->ca_file(), authority.text({"data", "ca.crt"}), 0644));
  return orchestrator;
}

Result<Process> Orchestrator::start_replica(const fs::path& log) const {
  return Process::start(arguments(), log);
}

Status Orchestrator::restart(std::map<std::string, std::string> environment) {
  if (process_->running()) {
    process_->signal(SIGTERM);
    if (process_->wait(milliseconds(10'000)) == -1) process_->kill_hard();
  }
  return launch(environment);
}

namespace {

// The port behind "name=https://127.0.0.1:1234" or "name=127.0.0.1:1234" in the ready line.
int port_of(const std::string& line, const std::string& name) {
  const auto at = line.find(" " + name + "=");
  if (at == std::string::npos) return 0;
  const auto end = line.find(' ', at + 1);
  const std::string value = line.substr(at, end == std::string::npos ? end : end - at);
  return std::atoi(value.c_str() + value.rfind(':') + 1);
}

}  // namespace

std::vector<std::string> Orchestrator::arguments() const {
  const auto address = [](int port) { return fmt::format("127.0.0.1:{}", port); };
  std::vector<std::string> argv{program("slipwayd").string(), "--agent-listen", address(agent_port_),
                                "--gateway-listen", address(gateway_port_)};
  if (!cluster_) {
    argv.insert(argv.end(), {"--data-dir", data_.string(), "--listen", address(api_port_)});
    argv.insert(argv.end(), more_arguments_.begin(), more_arguments_.end());
    return argv;
  }
  argv.insert(argv.end(), {"--kubeconfig", cluster_->slipwayd_kubeconfig.string()});
  argv.insert(argv.end(), {"--leader-elect-lease-duration", "6", "--leader-elect-renew-deadline", "4",
                           "--leader-elect-retry-period", "1"});
  return argv;
}

Status Orchestrator::launch(const std::map<std::string, std::string>& environment) {
  const fs::path log = folder_ / "slipwayd.log";
  const std::size_t before = base::read_file(log).value_or("").size();
  process_.emplace(SLIPWAY_TRY(Process::start(arguments(), log, environment)));
  std::string ready;
  const bool came_up = eventually(
      milliseconds(cluster_ ? 60'000 : 15'000),
      [&] {
        const std::string text = process_->output().substr(before);
        const auto at = text.find("slipwayd ready ");
        if (at != std::string::npos && text.find('\n', at) != std::string::npos)
          ready = text.substr(at, text.find('\n', at) - at);
        return !ready.empty() || !process_->running();
      },
      milliseconds(10));
  if (!came_up || ready.empty())
    return Status(ErrorCode::kUnavailable, "slipwayd did not come up:\n" + process_->output().substr(before));
  api_port_ = port_of(ready, "url");
  agent_port_ = port_of(ready, "agents");
  gateway_port_ = port_of(ready, "gateway");
  return {};
}

Result<ProcessResult> Orchestrator::slipway(std::vector<std::string> args, milliseconds timeout) {
  args.insert(args.begin(), {program("slipway").string(), "--kubeconfig", kubeconfig().string()});
  return run(std::move(args), timeout);
}

Result<ProcessResult> Orchestrator::kubectl(std::vector<std::string> args, const std::string& input,
                                            milliseconds timeout) {
  return run_kubectl(kubeconfig(), folder_ / "kube-cache", std::move(args), input, timeout);
}

Json Orchestrator::get(const std::string& type, const std::string& name, const std::string& ns) {
  const auto result = kubectl({"get", type, name, "-n", ns, "-o", "json", "--ignore-not-found"});
  if (!result || result->exit_code != 0 || result->standard_output.empty()) return Json();
  return data::parse_json(result->standard_output).value_or(Json());
}

Result<std::string> EdgeHost::edge_host(std::vector<std::string> args, milliseconds timeout) {
  args.insert(args.begin(), (source_folder() / "tests/real/edge-host").string());
  const ProcessResult result = SLIPWAY_TRY(run(args, timeout));
  if (result.exit_code != 0)
    return base::fail(ErrorCode::kInternal,
                      fmt::format("edge-host {} failed: {}{}", args[1], result.standard_output, result.standard_error));
  return result.standard_output;
}

Result<std::unique_ptr<EdgeHost>> EdgeHost::up(const fs::path& folder, const Orchestrator& orchestrator,
                                               Options options) {
  auto host = std::unique_ptr<EdgeHost>(new EdgeHost());
  host->options_ = std::move(options);
  host->folder_ = folder / host->options_.name;
  const fs::path disk = host->folder_ / "disk";
  host->agent_port_ = orchestrator.agent_port();
  SLIPWAY_TRY(base::make_folders(host->folder_));
  std::vector<std::string> args{"up",       host->options_.name,
                                "--dir",    disk.string(),
                                "--kind",   host->options_.kind,
                                "--uplink", std::to_string(host->agent_port_),
                                "--agent",  program("slipway-agent").string()};
  if (!host->options_.serial.empty()) args.insert(args.end(), {"--serial", host->options_.serial});
  if (!host->options_.uuid.empty()) args.insert(args.end(), {"--uuid", host->options_.uuid});
  SLIPWAY_TRY(host->edge_host(std::move(args)));
  SLIPWAY_TRY(
      host->edge_host({"put", host->options_.name, orchestrator.ca_file().string(), "/etc/slipway/ca.crt", "0644"}));
  return host;
}

EdgeHost::~EdgeHost() {
  if (agent_) agent_->kill_hard();
  if (folder_.empty()) return;
  if (const auto down = edge_host({"down", options_.name}); !down) fmt::print(stderr, "{}\n", down.error().message());
}

Status EdgeHost::start_agent(const std::string& join_token, const std::map<std::string, std::string>& environment) {
  std::vector<std::string> argv{(source_folder() / "tests/real/edge-host").string(), "exec", options_.name};
  for (const auto& [name, value] : environment) argv.insert(argv.end(), {"-e", name + "=" + value});
  argv.insert(argv.end(), {"--", "/usr/local/bin/slipway-agent", "--server",
                           fmt::format("https://127.0.0.1:{}", agent_port_), "--ca-file", "/etc/slipway/ca.crt"});
  if (!join_token.empty()) {
    const fs::path file = folder_ / "join-token";
    SLIPWAY_TRY(base::write_file_atomically(file, join_token + "\n", 0600));
    SLIPWAY_TRY(edge_host({"put", options_.name, file.string(), "/etc/slipway/join-token", "0600"}));
    argv.insert(argv.end(), {"--join-token-file", "/etc/slipway/join-token"});
  }
  agent_.emplace(SLIPWAY_TRY(Process::start(std::move(argv), folder_ / "agent.log")));
  return {};
}

void EdgeHost::kill_agent() {
  if (agent_) agent_->kill_hard();
  agent_.reset();
}

bool EdgeHost::agent_running() {
  return agent_ && agent_->running();
}

// The child of the edge-host command that bears the agent's name.
pid_t EdgeHost::agent_pid() const {
  if (!agent_) return 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const pid_t pid = std::atoi(name.c_str());
    if (base::read_file(entry.path() / "comm").value_or("") == "slipway-agent\n" && ::getpgid(pid) == agent_->pid())
      return pid;
  }
  return 0;
}
std::string EdgeHost::agent_log() const {
  return base::read_file(folder_ / "agent.log").value_or("");
}

Result<ProcessResult> EdgeHost::exec(std::vector<std::string> argv, milliseconds timeout) {
  argv.insert(argv.begin(), {(source_folder() / "tests/real/edge-host").string(), "exec", options_.name, "--"});
  return run(std::move(argv), timeout);
}

Status EdgeHost::cut_uplink() {
  SLIPWAY_TRY(edge_host({"cut", options_.name}));
  return {};
}
Status EdgeHost::heal_uplink() {
  SLIPWAY_TRY(edge_host({"heal", options_.name}));
  return {};
}
Result<std::string> EdgeHost::snapshot() {
  // The agent and its memory of its work are not the cluster's; its arguments differ from start to start.
  std::istringstream lines(SLIPWAY_TRY(edge_host({"snapshot", options_.name, "--exclude", "/var/lib/slipway-agent"})));
  std::string kept;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("process /usr/local/bin/slipway-agent")) kept += line + "\n";
  return kept;
}

std::string snapshot_difference(const std::string& before, const std::string& after) {
  const auto lines = [](const std::string& text) {
    std::multiset<std::string> result;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) result.insert(line);
    return result;
  };
  const auto first = lines(before), second = lines(after);
  std::string difference;
  for (const std::string& line : first)
    if (first.count(line) > second.count(line)) difference += "- " + line + "\n";
  for (const std::string& line : second)
    if (second.count(line) > first.count(line)) difference += "+ " + line + "\n";
  return difference;
}

Status onboard(Orchestrator& orchestrator, EdgeHost& host) {
  const std::string& name = host.options().name;
  const bool known = !orchestrator.get("hosts.inventory.slipway.dev", name).is_null();
  std::vector<std::string> args{"-o", "json", "host", known ? "token" : "register", name};
  if (!known) args.insert(args.end(), {"--serial", host.options().serial, "--uuid", host.options().uuid});
  const ProcessResult registered = SLIPWAY_TRY(orchestrator.slipway(args));
  if (registered.exit_code != 0) return Status(ErrorCode::kInternal, "host register: " + registered.standard_error);
  const Json reply = SLIPWAY_TRY(data::parse_json(registered.standard_output));
  SLIPWAY_TRY(host.start_agent(reply.text({"joinToken"})));
  const bool provisioned = eventually(
      milliseconds(20'000),
      [&] { return orchestrator.get("hosts.inventory.slipway.dev", name).text({"status", "phase"}) == "Provisioned"; },
      milliseconds(200));
  if (!provisioned)
    return Status(ErrorCode::kTimeout,
                  fmt::format("host '{}' did not become Provisioned; its agent said:\n{}", name, host.agent_log()));
  return {};
}

}  // namespace slipway::real
