#pragma once

#include <functional>
#include <set>
#include <stop_token>

#include "agent/cleanup_plan.h"
#include "agent/host_record.h"
#include "agent/work_environment.h"
#include "agent/work_state.h"

namespace slipway::agent {

// Takes a cluster off the host: services, processes, mounts, interfaces, firewall rules, files; the record says what
// was there before and stays. Every step may be repeated, so a reset that was interrupted is simply run again. Takes
// seconds; every wait in it is bounded. Success means verified: no process, no mount, folders as recorded.
class HostReset {
 public:
  using Announce = std::function<void(std::string_view step)>;
  HostReset(const WorkEnvironment& environment, CleanupPlan plan) : environment_(environment), plan_(std::move(plan)) {}

  // Returns notes for people (an embedded file is missing or changed). `state` tells the files of the bootstrap.
  base::Result<std::vector<std::string>> run(const HostRecord& record, const WorkState& state, const Announce& announce,
                                             std::stop_token stop);

 private:
  base::Status stop_services();
  base::Status kill_processes();
  base::Status unmount_all(const HostRecord& record);
  base::Status remove_network(const HostRecord& record);
  base::Status clean_firewall(const std::string& tool);
  base::Status remove_namespaces(const HostRecord& record);
  void remove_cgroups(const HostRecord& record);
  base::Status verify(const HostRecord& record);
  std::set<int> cluster_processes();
  std::vector<std::string> cluster_mounts(const HostRecord& record);
  std::vector<std::string> services();
  bool has_systemd() const;
  base::Result<base::ProcessResult> command(std::vector<std::string> argv, std::chrono::milliseconds limit,
                                            std::string input = {});

  const WorkEnvironment& environment_;
  CleanupPlan plan_;
  std::stop_token stop_;
};

}  // namespace slipway::agent
