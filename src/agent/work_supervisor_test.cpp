#include "agent/work_supervisor.h"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/fake_host_test.h"

namespace slipway::agent {
namespace {

using namespace testing;
using agentproto::Action;
using agentproto::Assignment;
using ::testing::HasSubstr;

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() {
    host.commands.on("prepare", [](const auto&, const auto&) { return base::ProcessResult{.exit_code = 0}; });
    host.commands.on("install", [this](const auto&, const auto&) { return host.install(); });
  }
  std::unique_ptr<WorkSupervisor> supervisor() {
    auto made = std::make_unique<WorkSupervisor>(host.environment(), k3s_cleanup_plan(), [](const WorkReport&) {});
    EXPECT_TRUE(made->start());
    return made;
  }
  FakeHost host;
};

TEST(Decide, Table) {
  const Assignment none, boot = bootstrap_of("a"), reset = reset_of("a");
  const auto state = [](std::string id, WorkPhase phase) {
    WorkState made;
    made.id = std::move(id);
    made.phase = phase;
    if (phase == WorkPhase::kClean && !made.id.empty()) made.finished_at = "2026-01-01T00:00:00Z";
    return made;
  };
  struct Row {
    Assignment assignment;
    WorkState state;
    NextStep next;
  };
  const Row table[] = {
      {none, state("", WorkPhase::kClean), NextStep::kNothing},
      {none, state("a", WorkPhase::kSucceeded), NextStep::kNothing},
      {none, state("a", WorkPhase::kRunning), NextStep::kNothing},
      {none, state("a", WorkPhase::kResetting), NextStep::kReset},
      {boot, state("", WorkPhase::kClean), NextStep::kBootstrap},
      {boot, state("b", WorkPhase::kClean), NextStep::kBootstrap},
      {boot, state("a", WorkPhase::kRunning), NextStep::kBootstrap},
      {boot, state("a", WorkPhase::kSucceeded), NextStep::kNothing},
      {boot, state("a", WorkPhase::kFailed), NextStep::kNothing},
      {boot, state("a", WorkPhase::kClean), NextStep::kNothing},
      {boot, state("b", WorkPhase::kSucceeded), NextStep::kRefuse},
      {boot, state("b", WorkPhase::kFailed), NextStep::kRefuse},
      {boot, state("b", WorkPhase::kRunning), NextStep::kRefuse},
      {boot, state("b", WorkPhase::kResetting), NextStep::kReset},
      {reset, state("a", WorkPhase::kSucceeded), NextStep::kReset},
      {reset, state("a", WorkPhase::kFailed), NextStep::kReset},
      {reset, state("a", WorkPhase::kRunning), NextStep::kReset},
      {reset, state("a", WorkPhase::kClean), NextStep::kNothing},
      {reset, state("b", WorkPhase::kClean), NextStep::kReset},
      {reset, state("", WorkPhase::kClean), NextStep::kReset},
      {reset_of(""), state("", WorkPhase::kClean), NextStep::kNothing},
  };
  for (const Row& row : table)
    EXPECT_EQ(decide(row.assignment, row.state), row.next)
        << agentproto::action_text(row.assignment.action) << " " << row.state.id << " "
        << agentproto::work_phase_text(row.state.phase);
}

TEST_F(SupervisorTest, BootstrapRunsEveryStepOnceAndProvesKubernetes) {
  auto agent = supervisor();
  host.probe.answers = false;
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for(*agent, [](const WorkReport& report) { return report.step == "wait for the Kubernetes API"; }));
  EXPECT_EQ(agent->current().phase, WorkPhase::kRunning);
  host.probe.answers = true;
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kSucceeded)) << agent->current().message;
  EXPECT_EQ(host.read("/etc/rancher/k3s/config.yaml"), "token: \"1\"\n");
  EXPECT_EQ(host.read("/etc/rancher/k3s/config.yaml.d/10-provider-id.yaml"),
            "kubelet-arg+:\n- \"provider-id=slipway://default/edge-1\"\n");
  EXPECT_FALSE(agent->current().finished_at.empty());
  agent->submit(bootstrap_of("uid-1"));
  agent.reset();
  agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kSucceeded));
  EXPECT_EQ(host.commands.count("prepare"), 1);
  EXPECT_EQ(host.commands.count("install"), 1);
}

TEST_F(SupervisorTest, ResetRestoresExactlyWhatTheImageBrought) {
  host.write("/etc/default/extra", "the administrator's");
  const auto before = host.listing();
  auto agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kSucceeded)) << agent->current().message;
  EXPECT_EQ(host.read("/etc/default/extra"), "x");
  host.kernel.processes_ = {{.pid = 500001, .parent = 1, .executable = "/usr/local/bin/k3s"},
                            {.pid = 500002, .parent = 500001, .executable = "/bin/busybox"},
                            {.pid = 500003, .parent = 1, .cgroup = "4:memory:/kubepods/x"},
                            {.pid = 500004, .parent = 1, .executable = "/usr/sbin/sshd"}};
  host.kernel.mounts_ = {"/", "/run/k3s/containerd/x/rootfs", "/var/lib/kubelet/pods/p/volumes/v", "/data"};
  agent->submit(reset_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kClean)) << agent->current().message;
  EXPECT_EQ(agent->current().message, "");
  EXPECT_EQ(host.listing(), before);
  EXPECT_EQ(host.read("/etc/default/extra"), "the administrator's");
  EXPECT_EQ(host.read("/usr/local/bin/k3s"), "the embedded K3s");
  ASSERT_EQ(host.kernel.processes_.size(), 1u);
  EXPECT_EQ(host.kernel.processes_[0].pid, 500004);
  EXPECT_EQ(host.kernel.mounts_, (std::vector<std::string>{"/", "/data"}));
  agent->submit(bootstrap_of("uid-2"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-2", WorkPhase::kSucceeded)) << agent->current().message;
}

TEST_F(SupervisorTest, ResetKeepsWhatTheAdministratorAddedBeforeTheCluster) {
  auto agent = supervisor();
  host.write("/opt/monitoring/agent", "added after the first start");
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kSucceeded));
  agent->submit(reset_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kClean));
  EXPECT_TRUE(host.has("/opt/monitoring/agent"));
}

TEST_F(SupervisorTest, ResetReportsAChangedOrMissingEmbeddedFile) {
  auto agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kSucceeded));
  host.write("/opt/install.sh", "tampered with");
  std::filesystem::remove(host.root().at("/usr/local/bin/k3s"));
  agent->submit(reset_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kClean));
  EXPECT_THAT(agent->current().message, HasSubstr("/opt/install.sh of the image was changed"));
  EXPECT_THAT(agent->current().message, HasSubstr("/usr/local/bin/k3s of the image is missing"));
}

TEST_F(SupervisorTest, ResetIsNotCleanWhileAProcessLives) {
  auto agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kSucceeded));
  host.kernel.mounts_ = {"/run/k3s/x"};
  host.kernel.immortal = true;
  host.kernel.processes_ = {{.pid = 500001, .parent = 1, .executable = "/usr/local/bin/k3s"}};
  agent->submit(reset_of("uid-1"));
  ASSERT_TRUE(wait_for(*agent, [](const WorkReport& report) { return !report.message.empty(); }));
  EXPECT_EQ(agent->current().phase, WorkPhase::kResetting);
  EXPECT_THAT(agent->current().message, HasSubstr("processes 500001 do not end; the agent tries again"));
  EXPECT_TRUE(host.has("/var/lib/rancher/k3s/server/db/state")) << "files of a running K3s must stay";
}

TEST_F(SupervisorTest, FailingCommandEndsTheBootstrapAndIsNotRepeated) {
  host.commands.on("prepare", [](const base::ProcessOptions& options, const auto&) {
    options.on_output("no such device\n");
    return base::ProcessResult{.exit_code = 3};
  });
  auto agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kFailed));
  EXPECT_EQ(agent->current().step, "run command 1 of 2");
  EXPECT_EQ(agent->current().message, "ended with exit code 3");
  EXPECT_EQ(agent->current().output, "no such device\n");
  agent.reset();
  agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kFailed));
  ASSERT_TRUE(wait_for(*agent, [&](const WorkReport&) { return agent->is_idle(); }));
  EXPECT_EQ(host.commands.count("prepare"), 1);
  EXPECT_EQ(host.commands.count("install"), 0);
  agent->submit(reset_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kClean));
}

TEST_F(SupervisorTest, FloodOfOutputIsBounded) {
  host.commands.on("prepare", [](const base::ProcessOptions& options, const auto&) {
    for (int i = 0; i < 1000; ++i) options.on_output(std::string(10'000, 'z'));
    options.on_output("the end");
    return base::ProcessResult{.exit_code = 1};
  });
  auto agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kFailed));
  EXPECT_LE(agent->current().output.size(), agentproto::kMaxOutputBytes);
  EXPECT_TRUE(agent->current().output.ends_with("the end"));
}

TEST_F(SupervisorTest, MissingSuccessFileIsAFailure) {
  host.commands.on("install", [](const auto&, const auto&) { return base::ProcessResult{.exit_code = 0}; });
  host.write("/run/cluster-api/bootstrap-success.complete", "of an earlier cluster");
  auto agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kFailed));
  EXPECT_THAT(agent->current().message, HasSubstr("bootstrap-success.complete was not written"));
}

TEST_F(SupervisorTest, UnknownModuleIsRefusedByNameBeforeAnythingRuns) {
  auto agent = supervisor();
  agent->submit(bootstrap_of("uid-1", "#cloud-config\npackages: [curl]\nruncmd: [prepare]\n"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kFailed));
  EXPECT_THAT(agent->current().message, HasSubstr("packages"));
  EXPECT_EQ(host.commands.count("prepare"), 0);
}

TEST_F(SupervisorTest, TimeLimitOfTheProof) {
  host.probe.answers = false;
  auto agent = supervisor();
  Assignment assignment = bootstrap_of("uid-1");
  assignment.deadline_seconds = 1;
  agent->submit(assignment);
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kFailed));
  EXPECT_EQ(agent->current().message, "Kubernetes did not come up in time: 127.0.0.1:6443 does not answer");
}

TEST_F(SupervisorTest, AnotherClusterIsRefusedUntilTheHostIsReset) {
  auto agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kSucceeded));
  agent->submit(bootstrap_of("uid-2"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-2", WorkPhase::kFailed));
  EXPECT_THAT(agent->current().message, HasSubstr("still holds the cluster of work 'uid-1'"));
  agent->submit(reset_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kClean));
  agent->submit(bootstrap_of("uid-2"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-2", WorkPhase::kSucceeded));
}

TEST_F(SupervisorTest, ResetEndsARunningBootstrap) {
  host.commands.on("prepare", [](const auto&, std::stop_token stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return base::ProcessResult{.cancelled = true};
  });
  auto agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for(*agent, [](const WorkReport& report) { return report.step == "run command 1 of 2"; }));
  agent->submit(reset_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kClean));
  EXPECT_EQ(host.commands.count("install"), 0);
  EXPECT_FALSE(host.has("/srv"));
}

TEST_F(SupervisorTest, AgentThatLostItsDataStillRemovesTheCluster) {
  host.install();
  host.write("/etc/rancher/k3s/k3s.yaml", "admin");
  host.write("/var/lib/kubelet/config", "x");
  auto agent = supervisor();
  agent->submit(reset_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kClean)) << agent->current().message;
  EXPECT_FALSE(host.has("/var/lib/rancher/k3s/server"));
  EXPECT_FALSE(host.has("/etc/systemd/system/k3s.service"));
  EXPECT_FALSE(host.has("/etc/rancher/k3s/k3s.yaml"));
  EXPECT_EQ(host.read("/var/lib/rancher/k3s/agent/images/images.tar"), "the embedded images");
  EXPECT_EQ(host.read("/usr/local/bin/k3s"), "the embedded K3s");
}

TEST_F(SupervisorTest, DamagedStateFileIsAFailureThatAResetHeals) {
  std::ofstream(host.data() / "state.json") << "{ half";
  auto agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kFailed));
  EXPECT_EQ(host.commands.count("prepare"), 0);
  agent->submit(reset_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kClean));
}

// Every named point: the process dies there; the next one must end with one healthy cluster, every finished step run
// once. The dying process writes what it ran into a file, since its memory is gone.
class CrashTest : public SupervisorTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void die_at(const char* point, const std::vector<Assignment>& assignments) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("SLIPWAY_CRASH_POINT", point, 1);
      WorkSupervisor agent(host.environment(), k3s_cleanup_plan(), [](const WorkReport&) {});
      if (!agent.start()) ::_exit(2);
      for (const Assignment& assignment : assignments) {
        agent.submit(assignment);
        const WorkPhase end = assignment.action == Action::kReset ? WorkPhase::kClean : WorkPhase::kSucceeded;
        if (!wait_for_phase(agent, assignment.id, end)) ::_exit(3);
      }
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "never reached " << point << ", " << status;
  }
  void count_on_disk(const std::string& command, bool installs) {
    host.commands.on(command, [this, command, installs](const base::ProcessOptions& options, const auto&) {
      std::ofstream(host.data() / "runs", std::ios::app) << command << "\n";
      options.on_output("some output\n");
      return installs ? host.install() : base::ProcessResult{.exit_code = 0};
    });
  }
};

class BootstrapCrashTest : public CrashTest {};
class ResetCrashTest : public CrashTest {};

TEST_P(BootstrapCrashTest, IsFinishedByTheNextStart) {
  count_on_disk("prepare", false);
  count_on_disk("install", true);
  die_at(GetParam(), {bootstrap_of("uid-1")});
  auto agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kSucceeded)) << agent->current().message;
  const std::string runs = base::read_file(host.data() / "runs").value_or("");
  // The command that was interrupted may run again, nothing else.
  const bool interrupted = std::string_view(GetParam()).starts_with("agent.command-") &&
                           std::string_view(GetParam()) != "agent.command-recorded" &&
                           std::string_view(GetParam()) != "agent.command-announced";
  EXPECT_EQ(runs, interrupted ? "prepare\nprepare\ninstall\n" : "prepare\ninstall\n");
  agent->submit(reset_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kClean));
  EXPECT_FALSE(host.has("/srv"));
}

INSTANTIATE_TEST_SUITE_P(Points, BootstrapCrashTest,
                         ::testing::Values("agent.host-recorded", "agent.files-planned", "agent.file-written",
                                           "agent.command-announced", "agent.command-running", "agent.command-ended",
                                           "agent.command-recorded", "agent.waiting-for-kubernetes",
                                           "agent.kubernetes-answers"));

TEST_P(ResetCrashTest, IsFinishedByTheNextStart) {
  const auto before = host.listing();
  die_at(GetParam(), {bootstrap_of("uid-1"), reset_of("uid-1")});
  auto agent = supervisor();
  // Even when nobody asks again: half a reset is brought to its end.
  agent->submit({});
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kClean)) << agent->current().message;
  EXPECT_EQ(host.listing(), before);
}

INSTANTIATE_TEST_SUITE_P(Points, ResetCrashTest,
                         ::testing::Values("agent.reset-announced", "agent.reset-services-stopped",
                                           "agent.reset-processes-ended", "agent.reset-unmounted",
                                           "agent.reset-network-removed", "agent.reset-files-removed",
                                           "agent.reset-verified", "agent.reset-recorded"));

TEST_F(CrashTest, LeftoversOfAnInterruptedCommandAreKilledServicesAreNot) {
  die_at("agent.command-announced", {bootstrap_of("uid-1")});
  host.kernel.processes_ = {
      {.pid = 500001, .session = 77}, {.pid = 500002, .session = 500002}, {.pid = 500003, .session = 77}};
  host.kernel.environments = {{500001, "SLIPWAY_WORK=uid-1"}, {500002, "SLIPWAY_WORK=uid-1"}};
  auto agent = supervisor();
  agent->submit(bootstrap_of("uid-1"));
  ASSERT_TRUE(wait_for_phase(*agent, "uid-1", WorkPhase::kSucceeded));
  EXPECT_EQ(host.kernel.killed, std::vector<int>{500001});
}

}  // namespace
}  // namespace slipway::agent
