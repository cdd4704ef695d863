#include "agent/agent.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>

#include "agent/orchestrator_link.h"
#include "agent/work_supervisor.h"
#include "base/files.h"
#include "base/log.h"

namespace slipway::agent {

using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

// Two agents on one host would install twice.
Result<base::UniqueFd> lock_folder(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "lock";
  base::UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return base::errno_error(errno, file.string());
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return base::fail(ErrorCode::kConflict,
                      fmt::format("another slipway-agent uses {}; one agent a host is enough", folder.string()));
  return fd;
}

}  // namespace

// In the order in which they are made; they end in the other direction.
struct Agent::Parts {
  explicit Parts(AgentOptions wanted) : options(std::move(wanted)) {}

  Status start();

  AgentOptions options;
  base::UniqueFd lock;
  HostRoot root;
  SystemCommandRunner commands;
  LinuxHostKernel kernel;
  std::unique_ptr<net::ClientRuntime> runtime;
  std::unique_ptr<K3sProbe> probe;
  std::unique_ptr<HostReporter> reporter;
  std::unique_ptr<WorkSupervisor> supervisor;
  std::unique_ptr<OrchestratorLink> link;
  MachineIdentity machine;
};

Status Agent::Parts::start() {
  machine = SLIPWAY_TRY(read_machine_identity(root));
  SLIPWAY_TRY(base::make_folders(options.data_folder, 0700).with_context("--data-dir"));
  lock = SLIPWAY_TRY(lock_folder(options.data_folder));
  runtime = SLIPWAY_TRY(net::ClientRuntime::start());
  probe = std::make_unique<K3sProbe>(root, *runtime);
  reporter = std::make_unique<HostReporter>(root, options.data_folder / "k3s-version.json", commands);
  supervisor =
      std::make_unique<WorkSupervisor>(WorkEnvironment{.root = root,
                                                       .data_folder = options.data_folder,
                                                       .commands = &commands,
                                                       .kernel = &kernel,
                                                       .probe = probe.get()},
                                       k3s_cleanup_plan(), [this](const WorkReport& work) {
                                         // A host that says it is clean may be taken at once, so that goes
                                         // out together with what is on it now.
                                         if (work.phase != WorkPhase::kClean) link->send_progress(work);
                                         if (work.phase == WorkPhase::kSucceeded || work.phase == WorkPhase::kClean)
                                           link->report_again();
                                       });
  OrchestratorLink::Parts parts;
  parts.runtime = runtime.get();
  parts.machine = machine;
  parts.report = [this] {
    agentproto::Hello hello = reporter->report();
    hello.serial_number = machine.serial_number;
    hello.uuid = machine.uuid;
    if (hello.kubernetes) hello.kubernetes->embedded = supervisor->is_embedded(std::string(kK3sProgram));
    hello.work = supervisor->current();
    return hello;
  };
  parts.on_assignment = [this](agentproto::Assignment assignment) { supervisor->submit(std::move(assignment)); };
  link = std::make_unique<OrchestratorLink>(options, std::move(parts));
  SLIPWAY_TRY(supervisor->start());
  link->start();
  return {};
}

Agent::Agent(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Agent::~Agent() {
  stop();
}

Result<std::unique_ptr<Agent>> Agent::start(AgentOptions options) {
  auto parts = std::make_unique<Parts>(std::move(options));
  SLIPWAY_TRY(parts->start());
  return std::unique_ptr<Agent>(new Agent(std::move(parts)));
}

void Agent::stop() {
  if (parts_->link) parts_->link->stop();
  if (parts_->supervisor) parts_->supervisor->stop();
}

bool Agent::is_connected() const {
  return parts_->link && parts_->link->is_connected();
}

}  // namespace slipway::agent
