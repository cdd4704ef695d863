#include "agent/host_reset.h"

#include <algorithm>
#include <cerrno>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <ranges>
#include <sstream>
#include <thread>
#include <unistd.h>

#include "agent/file_writer.h"
#include "base/crash_point.h"
#include "base/files.h"
#include "base/log.h"

namespace slipway::agent {

using base::ErrorCode;
using base::Result;
using base::Status;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr auto kServiceStopLimit = 8s;
constexpr auto kKillLimit = 8s;
constexpr auto kCommandLimit = 10s;

bool contains_any(std::string_view text, const std::vector<std::string>& parts) {
  return std::ranges::any_of(parts, [&](const std::string& part) { return text.find(part) != text.npos; });
}

bool starts_with_any(std::string_view text, const std::vector<std::string>& prefixes) {
  return std::ranges::any_of(prefixes, [&](const std::string& prefix) { return text.starts_with(prefix); });
}

bool is_in(const std::vector<std::string>& list, std::string_view item) {
  return std::ranges::find(list, item) != list.end();
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

}  // namespace

bool HostReset::has_systemd() const {
  return fs::exists(environment_.root.at("/run/systemd/system"));
}

Result<base::ProcessResult> HostReset::command(std::vector<std::string> argv, std::chrono::milliseconds limit,
                                               std::string input) {
  base::ProcessOptions options;
  options.argv = std::move(argv);
  options.timeout = limit;
  options.input = std::move(input);
  options.output_limit = 8u << 20;
  return environment_.commands->run(options, stop_);
}

Result<std::vector<std::string>> HostReset::run(const HostRecord& record, const WorkState& state,
                                                const Announce& announce, std::stop_token stop) {
  stop_ = std::move(stop);
  announce("stop services");
  SLIPWAY_TRY(stop_services());
  base::crash_point("agent.reset-services-stopped");
  announce("end processes");
  SLIPWAY_TRY(kill_processes());
  base::crash_point("agent.reset-processes-ended");
  announce("unmount");
  SLIPWAY_TRY(unmount_all(record));
  base::crash_point("agent.reset-unmounted");
  announce("remove network interfaces and firewall rules");
  SLIPWAY_TRY(remove_network(record));
  base::crash_point("agent.reset-network-removed");
  announce("remove files");
  SLIPWAY_TRY(FileWriter(environment_).take_back(state));
  std::vector<std::string> notes = SLIPWAY_TRY(restore_record(environment_.root, plan_.places, record));
  base::crash_point("agent.reset-files-removed");
  remove_cgroups(record);
  if (has_systemd()) {
    (void)command({"systemctl", "daemon-reload"}, kCommandLimit);
    (void)command({"systemctl", "reset-failed", plan_.service_pattern + "*"}, kCommandLimit);
  }
  announce("verify");
  SLIPWAY_TRY(verify(record));
  base::crash_point("agent.reset-verified");
  return notes;
}

std::vector<std::string> HostReset::services() {
  std::vector<std::string> result;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(environment_.root.at("/etc/systemd/system"), error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(plan_.service_pattern) && name.ends_with(".service")) result.push_back(name);
  }
  return result;
}

// Killed, not asked: the data is thrown away anyway, and a K3s takes seconds to end in order. The stop then keeps
// systemd from starting it again. Without systemd the service's own processes are among those that kill_processes()
// ends.
Status HostReset::stop_services() {
  if (!has_systemd()) return {};
  const std::vector<std::string> units = services();
  if (units.empty()) return {};
  std::vector<std::string> argv{"systemctl", "kill", "--signal=KILL"};
  argv.insert(argv.end(), units.begin(), units.end());
  SLIPWAY_TRY(command(argv, kCommandLimit));  // fails for a unit that does not run
  argv = {"systemctl", "stop"};
  argv.insert(argv.end(), units.begin(), units.end());
  const base::ProcessResult stopped = SLIPWAY_TRY(command(argv, kServiceStopLimit));
  if (stopped.exit_code != 0 || stopped.timed_out)
    base::log_warning("agent", "services did not stop in order: {}", stopped.standard_error);
  return {};
}

// Processes of the distribution, whatever they started (pods), and whatever sits in pods' cgroups; never this process
// or those it comes from.
std::set<int> HostReset::cluster_processes() {
  const std::vector<ProcessInfo> all = environment_.kernel->processes();
  std::set<int> result;
  for (const ProcessInfo& process : all) {
    const bool ours = is_in(plan_.executables, process.executable) ||
                      starts_with_any(process.executable, plan_.executable_prefixes) ||
                      contains_any(process.command_line, plan_.command_line_parts) ||
                      contains_any(process.cgroup, plan_.cgroup_parts);
    if (ours) result.insert(process.pid);
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (const ProcessInfo& process : all)
      if (result.contains(process.parent) && result.insert(process.pid).second) grown = true;
  }
  for (int self = ::getpid(); self > 1;) {
    result.erase(self);
    const auto found = std::ranges::find(all, self, &ProcessInfo::pid);
    self = found == all.end() ? 0 : found->parent;
  }
  result.erase(1);
  return result;
}

Status HostReset::kill_processes() {
  const auto deadline = std::chrono::steady_clock::now() + kKillLimit;
  while (true) {
    const std::set<int> victims = cluster_processes();
    if (victims.empty()) return {};
    if (std::chrono::steady_clock::now() >= deadline)
      return base::fail(ErrorCode::kTimeout, fmt::format("processes {} do not end", fmt::join(victims, ", ")));
    if (stop_.stop_requested()) return base::fail(ErrorCode::kCancelled, "stopped");
    for (const int pid : victims) environment_.kernel->kill(pid);
    std::this_thread::sleep_for(10ms);
  }
}

std::vector<std::string> HostReset::cluster_mounts(const HostRecord& record) {
  std::vector<std::string> result;
  for (const std::string& mount : environment_.kernel->mounts())
    if (starts_with_any(mount, plan_.mount_prefixes) && !is_in(record.mounts, mount)) result.push_back(mount);
  return result;
}

// Newest first, and again while there are some: the same point may be covered several times.
Status HostReset::unmount_all(const HostRecord& record) {
  for (int round = 0; round < 16; ++round) {
    const std::vector<std::string> mounts = cluster_mounts(record);
    if (mounts.empty()) return {};
    for (const std::string& mount : std::views::reverse(mounts)) SLIPWAY_TRY(environment_.kernel->unmount(mount));
  }
  return base::fail(ErrorCode::kTimeout, "mounts come back after they were removed");
}

Status HostReset::remove_namespaces(const HostRecord& record) {
  const fs::path folder = environment_.root.at("/run/netns");
  std::error_code error;
  std::vector<fs::path> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (entry.path().filename().string().starts_with(plan_.network_namespace_prefix)) names.push_back(entry.path());
  for (const fs::path& name : names) SLIPWAY_TRY(base::remove_tree(name));
  // CNI mounts the folder on itself; when nobody else's namespaces are in it, it goes, too.
  if (!fs::is_directory(folder, error) || !fs::is_empty(folder, error) || is_in(record.mounts, "/run/netns")) return {};
  SLIPWAY_TRY(environment_.kernel->unmount(folder.string()));
  fs::remove(folder, error);
  return {};
}

Status HostReset::remove_network(const HostRecord& record) {
  SLIPWAY_TRY(remove_namespaces(record));
  for (const std::string& link : plan_.links) {
    if (is_in(record.links, link) || !fs::exists(environment_.root.at("/sys/class/net/" + link))) continue;
    std::error_code error;
    for (const fs::directory_entry& port :
         fs::directory_iterator(environment_.root.at("/sys/class/net/" + link + "/brif"), error))
      (void)command({"ip", "link", "delete", port.path().filename()}, kCommandLimit);
    const base::ProcessResult removed = SLIPWAY_TRY(command({"ip", "link", "delete", link}, kCommandLimit));
    if (removed.exit_code != 0 && fs::exists(environment_.root.at("/sys/class/net/" + link)))
      return base::fail(ErrorCode::kInternal,
                        fmt::format("network interface {} cannot be removed: {}", link, removed.standard_error));
  }
  for (const char* tool : {"iptables", "ip6tables"}) SLIPWAY_TRY(clean_firewall(tool));
  return {};
}

Status HostReset::clean_firewall(const std::string& tool) {
  const Result<base::ProcessResult> saved = command({tool + "-save"}, kCommandLimit);
  if (!saved && saved.error().code() == ErrorCode::kNotFound) return {};
  if (!saved) return saved.error();
  // No such firewall in this kernel: nothing can be in it.
  if (saved->exit_code != 0) return {};
  std::vector<std::string> parts;
  for (const std::string& part : plan_.firewall_rule_parts) parts.push_back(lower(part));
  std::string kept;
  bool removed = false;
  std::istringstream lines(saved->standard_output);
  for (std::string line; std::getline(lines, line);) {
    if (contains_any(lower(line), parts)) {
      removed = true;
    } else {
      kept += line + "\n";
    }
  }
  if (!removed) return {};
  if (saved->output_truncated) return base::fail(ErrorCode::kTooLarge, tool + " has too many rules to be filtered");
  const base::ProcessResult restored = SLIPWAY_TRY(command({tool + "-restore"}, kCommandLimit, kept));
  if (restored.exit_code == 0) return {};
  return base::fail(ErrorCode::kInternal,
                    fmt::format("{}-restore refused the cleaned rules: {}", tool, restored.standard_error));
}

// Empty groups of pods, and the group around them when it came with the cluster. The kernel refuses to remove one that
// is in use, so nothing can go wrong.
void HostReset::remove_cgroups(const HostRecord& record) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::recursive_directory_iterator walk(environment_.root.at("/sys/fs/cgroup"),
                                             fs::directory_options::skip_permission_denied, error);
       !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    if (walk->is_symlink(error) || !walk->is_directory(error)) continue;
    if (contains_any(walk->path().string(), plan_.cgroup_parts)) found.push_back(walk->path());
  }
  std::ranges::sort(found, std::greater<>());
  // Processes that were just killed leave their groups a moment later.
  for (int round = 0; round < 50; ++round) {
    const auto stays = [](const fs::path& group) { return ::rmdir(group.c_str()) != 0 && errno == EBUSY; };
    if (std::ranges::count_if(found, stays) == 0) break;
    std::this_thread::sleep_for(20ms);
  }
  for (const std::string& group : list_cgroups(environment_.root) | std::views::reverse) {
    const fs::path outside = environment_.root.at(group);
    const bool around_pods = std::ranges::any_of(
        found, [&](const fs::path& pods) { return pods.string().starts_with(outside.string() + "/"); });
    if (around_pods && !is_in(record.cgroups, group)) (void)::rmdir(outside.c_str());
  }
}

Status HostReset::verify(const HostRecord& record) {
  if (const std::set<int> left = cluster_processes(); !left.empty())
    return base::fail(ErrorCode::kInternal, fmt::format("processes {} are there again", fmt::join(left, ", ")));
  if (const auto left = cluster_mounts(record); !left.empty())
    return base::fail(ErrorCode::kInternal, fmt::format("{} is mounted again", left.front()));
  const RecordDifference difference = SLIPWAY_TRY(compare_with_record(environment_.root, plan_.places, record));
  if (!difference.extra.empty())
    return base::fail(ErrorCode::kInternal, fmt::format("{} is there again", difference.extra.front()));
  return {};
}

}  // namespace slipway::agent
