#pragma once

#include <algorithm>
#include <fmt/core.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <thread>

#include "agent/work_supervisor.h"
#include "base/files.h"

// A host in a scratch folder: commands, processes and mounts are what the test says.
namespace slipway::agent::testing {

class FakeCommands final : public CommandRunner {
 public:
  using Answer = std::function<base::ProcessResult(const base::ProcessOptions&, std::stop_token)>;

  base::Result<base::ProcessResult> run(const base::ProcessOptions& options, std::stop_token stop) override {
    Answer answer;
    {
      const std::scoped_lock lock(mutex_);
      // Bootstrap commands come as arguments of one fixed shell text; the test knows them by their own text.
      const std::string name =
          options.argv.size() > 5 && options.argv[0] == "/bin/sh" ? options.argv[5] : joined(options.argv);
      runs_.push_back(name);
      const auto found = answers_.find(name);
      if (found == answers_.end() && !name.starts_with("echo"))
        return base::fail(base::ErrorCode::kNotFound, "cannot run '" + name + "'");
      if (found != answers_.end()) answer = found->second;
    }
    return answer ? answer(options, stop) : base::ProcessResult{.exit_code = 0};
  }
  void on(const std::string& command, Answer answer) {
    const std::scoped_lock lock(mutex_);
    answers_[command] = std::move(answer);
  }
  std::vector<std::string> runs() const {
    const std::scoped_lock lock(mutex_);
    return runs_;
  }
  int count(const std::string& command) const {
    const auto all = runs();
    return static_cast<int>(std::ranges::count(all, command));
  }

 private:
  static std::string joined(const std::vector<std::string>& argv) {
    std::string text;
    for (const std::string& argument : argv) text += (text.empty() ? "" : " ") + argument;
    return text;
  }
  mutable std::mutex mutex_;
  std::map<std::string, Answer> answers_;
  std::vector<std::string> runs_;
};

class FakeKernel final : public HostKernel {
 public:
  std::vector<ProcessInfo> processes() override { return processes_; }
  bool has_environment(int pid, const std::string& text) override { return environments[pid] == text; }
  void kill(int pid) override {
    killed.push_back(pid);
    if (!immortal) std::erase_if(processes_, [&](const ProcessInfo& process) { return process.pid == pid; });
  }
  std::vector<std::string> mounts() override { return mounts_; }
  base::Status unmount(const std::string& path) override {
    std::erase(mounts_, path);
    return {};
  }
  int own_session() override { return 77; }

  std::vector<ProcessInfo> processes_;
  std::vector<std::string> mounts_;
  std::map<int, std::string> environments;
  std::vector<int> killed;
  bool immortal = false;
};

class FakeProbe final : public KubernetesProbe {
 public:
  base::Status check() override {
    return answers ? base::Status{} : base::fail(base::ErrorCode::kUnavailable, "127.0.0.1:6443 does not answer");
  }
  std::atomic<bool> answers = true;
};

class FakeHost {
 public:
  FakeHost() : folder_(*base::TemporaryFolder::create("agent")) {
    for (const char* place : {"/var/lib/rancher/k3s/agent/images", "/etc/rancher/k3s", "/usr/local/bin", "/opt",
                              "/etc/systemd/system", "/sys/class/net/lo", "/run", "/etc/default"})
      std::filesystem::create_directories(root().at(place));
    write("/usr/local/bin/k3s", "the embedded K3s");
    write("/var/lib/rancher/k3s/agent/images/images.tar", "the embedded images");
    write("/opt/install.sh", "the embedded script");
    std::filesystem::create_directories(data());
  }
  HostRoot root() const { return HostRoot(folder_.path() / "root"); }
  std::filesystem::path data() const { return folder_.path() / "data"; }
  void write(const std::string& path, const std::string& content) const {
    std::filesystem::create_directories(root().at(path).parent_path());
    std::ofstream(root().at(path)) << content;
  }
  std::string read(const std::string& path) const { return base::read_file(root().at(path)).value_or("(none)"); }
  bool has(const std::string& path) const { return std::filesystem::exists(root().at(path)); }
  WorkEnvironment environment() {
    return {.root = root(),
            .data_folder = data(),
            .commands = &commands,
            .kernel = &kernel,
            .probe = &probe,
            .retry_pause = base::Duration(20),
            .probe_pause = base::Duration(5)};
  }
  // Every path below the root but /run and /sys.
  std::vector<std::string> listing() const {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root().at("/"))) {
      const std::string path = root().inside(entry.path()).string();
      if (!path.starts_with("/sys")) result.push_back(path);
    }
    std::ranges::sort(result);
    return result;
  }

  // The install command of the bootstrap below: what K3s' install.sh and K3s leave, and the success file.
  base::ProcessResult install() const {
    write("/etc/systemd/system/k3s.service", "[Unit]");
    write("/var/lib/rancher/k3s/server/db/state", "data");
    write("/usr/local/bin/k3s-killall.sh", "#!/bin/sh");
    write("/run/cluster-api/bootstrap-success.complete", "success");
    return {.exit_code = 0, .standard_output = "installed"};
  }

  FakeCommands commands;
  FakeKernel kernel;
  FakeProbe probe;

 private:
  base::TemporaryFolder folder_;
};

inline constexpr const char* kCloudConfig = R"(#cloud-config
write_files:
- path: /etc/rancher/k3s/config.yaml
  permissions: "0640"
  content: |
    token: "1"
- path: /etc/default/extra
  content: x
- path: /srv/new/folder/file
  content: new
runcmd:
- prepare
- install
)";

inline agentproto::Assignment bootstrap_of(std::string id, std::string cloud_config = kCloudConfig) {
  return {std::move(id), agentproto::Action::kBootstrap, std::move(cloud_config), "slipway://default/edge-1", 30};
}
inline agentproto::Assignment reset_of(std::string id) {
  return {.id = std::move(id), .action = agentproto::Action::kReset};
}

// Waits until the supervisor's report fits, at most 10 s.
inline bool wait_for(const WorkSupervisor& supervisor, const std::function<bool(const WorkReport&)>& fits) {
  for (int i = 0; i < 2000; ++i) {
    if (fits(supervisor.current())) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}
inline bool wait_for_phase(const WorkSupervisor& supervisor, const std::string& id, WorkPhase phase) {
  return wait_for(supervisor, [&](const WorkReport& report) { return report.id == id && report.phase == phase; });
}

}  // namespace slipway::agent::testing
