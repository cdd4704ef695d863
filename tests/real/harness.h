#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/files.h"
#include "base/result.h"
#include "base/subprocess.h"
#include "data/json.h"

// What the tests on real components stand on: slipwayd, slipway, slipway-agent and kubectl as processes, and edge hosts
// made by tests/real/edge-host. Everything ends with the objects, also when a test fails.
namespace slipway::real {

using std::chrono::milliseconds;

std::filesystem::path source_folder();                   // of the repository
std::filesystem::path program(const std::string& name);  // build/bin/<name>, the release build
// From then on program() means the development build, which has the crash points of base/crash_point.h.
void use_programs_with_crash_points();
void use_release_programs();

// Why the real tests cannot run here (no root, no K3s, no programs), or nothing.
std::optional<std::string> missing_parts();
// "K3s v1.36.3+k3s1" or "k3s-standin v1.36.3+k3s1": said by every report; "" when there is neither.
std::string kubernetes_under_test();

// Polls `condition` until it holds or the time is up.
bool eventually(milliseconds limit, const std::function<bool()>& condition, milliseconds pause = milliseconds(50));

// A child process in its own group, its output in a file. SIGKILLed at the end of its life unless it ended before.
class Process {
 public:
  static base::Result<Process> start(std::vector<std::string> argv, const std::filesystem::path& log,
                                     const std::map<std::string, std::string>& environment = {});
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number);
  void kill_hard();              // SIGKILL, and waits for the end
  int wait(milliseconds limit);  // exit code, -1 when it still runs
  std::string output() const;

 private:
  Process(pid_t pid, std::filesystem::path log) : pid_(pid), log_(std::move(log)) {}
  pid_t pid_ = -1;
  int exit_code_ = -1;
  std::filesystem::path log_;
};

// Runs the kubectl of build/real; what it caches goes to `cache`.
base::Result<base::ProcessResult> run_kubectl(const std::filesystem::path& kubeconfig,
                                              const std::filesystem::path& cache, std::vector<std::string> args,
                                              const std::string& input = "",
                                              milliseconds timeout = milliseconds(60'000));
bool has_kubectl();

// One slipwayd with its data folder, or on a management cluster. restart() keeps ports, data and `arguments`.
class Orchestrator {
 public:
  struct ManagementCluster {
    std::filesystem::path kubeconfig;  // of the administrator
    std::filesystem::path slipwayd_kubeconfig;
    int agent_port = 0, gateway_port = 0;  // the same for every replica: only the leader listens
  };
  static base::Result<std::unique_ptr<Orchestrator>> start(const std::filesystem::path& folder,
                                                           std::map<std::string, std::string> environment = {},
                                                           std::vector<std::string> arguments = {});
  static base::Result<std::unique_ptr<Orchestrator>> start_on(const std::filesystem::path& folder,
                                                              ManagementCluster cluster);
  // One more slipwayd on the same management cluster, with the output in `log`.
  base::Result<Process> start_replica(const std::filesystem::path& log) const;
  base::Status restart(std::map<std::string, std::string> environment = {});
  void kill_hard() { process_->kill_hard(); }
  Process& process() { return *process_; }
  int api_port() const { return api_port_; }
  int agent_port() const { return agent_port_; }
  int gateway_port() const { return gateway_port_; }
  const std::filesystem::path& data_folder() const { return data_; }
  std::filesystem::path kubeconfig() const { return cluster_ ? cluster_->kubeconfig : data_ / "admin.kubeconfig"; }
  std::filesystem::path ca_file() const { return data_ / "pki/ca.crt"; }

  // Runs `slipway ARGS` / kubectl against it.
  base::Result<base::ProcessResult> slipway(std::vector<std::string> args,
                                            milliseconds timeout = milliseconds(120'000));
  base::Result<base::ProcessResult> kubectl(std::vector<std::string> args, const std::string& input = "",
                                            milliseconds timeout = milliseconds(60'000));
  // `kubectl get TYPE NAME -o json`; null Json when it is not there.
  data::Json get(const std::string& type, const std::string& name, const std::string& ns = "default");

 private:
  Orchestrator() = default;
  std::vector<std::string> arguments() const;
  base::Status launch(const std::map<std::string, std::string>& environment);
  std::filesystem::path folder_, data_;
  std::vector<std::string> more_arguments_;
  std::optional<ManagementCluster> cluster_;
  int api_port_ = 0, agent_port_ = 0, gateway_port_ = 0;
  std::optional<Process> process_;
};

// One edge host with K3s embedded as an image would have it, and no way out but its uplink to the agent door.
class EdgeHost {
 public:
  struct Options {
    std::string name;
    std::string kind = "namespace";
    std::string serial, uuid;
  };
  static base::Result<std::unique_ptr<EdgeHost>> up(const std::filesystem::path& folder,
                                                    const Orchestrator& orchestrator, Options options);
  ~EdgeHost();

  const Options& options() const { return options_; }
  // Starts slipway-agent in the host with a join token; again (restart) without one.
  base::Status start_agent(const std::string& join_token = "",
                           const std::map<std::string, std::string>& environment = {});
  void kill_agent();  // SIGKILL to the agent only
  bool agent_running();
  pid_t agent_pid() const;  // of slipway-agent itself, as this machine sees it; 0 when it does not run
  std::string agent_log() const;
  base::Result<base::ProcessResult> exec(std::vector<std::string> argv, milliseconds timeout = milliseconds(60'000));
  base::Status cut_uplink();
  base::Status heal_uplink();
  // What the mutable places of the host hold, one line per entry, comparable.
  base::Result<std::string> snapshot();

 private:
  EdgeHost() = default;
  base::Result<std::string> edge_host(std::vector<std::string> args, milliseconds timeout = milliseconds(60'000));
  Options options_;
  std::filesystem::path folder_;
  int agent_port_ = 0;
  std::optional<Process> agent_;
};

// Lines that only one of two snapshots has, "- " before and "+ " after; "" when they are equal.
std::string snapshot_difference(const std::string& before, const std::string& after);

// Registers the host (unless it is), starts its agent and waits until it is Provisioned.
base::Status onboard(Orchestrator& orchestrator, EdgeHost& host);

}  // namespace slipway::real
