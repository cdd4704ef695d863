#include "agent/host_kernel.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fmt/core.h>
#include <sstream>
#include <sys/mount.h>
#include <unistd.h>

#include "base/files.h"

namespace slipway::agent {

namespace fs = std::filesystem;

namespace {

// Files of /proc are small; a process that ends meanwhile reads as empty.
std::string read_proc(int pid, const char* name) {
  return base::read_file(fmt::format("/proc/{}/{}", pid, name), 1u << 20).value_or("");
}

// Parent and session from /proc/PID/stat; the command name in parentheses may hold anything.
bool read_stat(ProcessInfo& process) {
  const std::string stat = read_proc(process.pid, "stat");
  const std::size_t end = stat.rfind(')');
  if (end == std::string::npos) return false;
  std::istringstream rest(stat.substr(end + 1));
  std::string state;
  int group = 0;
  rest >> state >> process.parent >> group >> process.session;
  return !rest.fail() && state != "Z" && state != "X";
}

// mountinfo writes blank, tab, newline and backslash as \ooo.
std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      result += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace

std::vector<ProcessInfo> LinuxHostKernel::processes() {
  std::vector<ProcessInfo> result;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    ProcessInfo process;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), process.pid);
    if (failed != std::errc{} || end != name.data() + name.size() || !read_stat(process)) continue;
    process.executable = fs::read_symlink(entry.path() / "exe", error).string();
    process.command_line = read_proc(process.pid, "cmdline");
    std::ranges::replace(process.command_line, '\0', ' ');
    process.cgroup = read_proc(process.pid, "cgroup");
    result.push_back(std::move(process));
  }
  return result;
}

bool LinuxHostKernel::has_environment(int pid, const std::string& name_and_value) {
  const std::string environment = read_proc(pid, "environ");
  return environment.starts_with(name_and_value + '\0') ||
         environment.find('\0' + name_and_value + '\0') != std::string::npos;
}

void LinuxHostKernel::kill(int pid) {
  if (pid > 1) ::kill(pid, SIGKILL);
}

std::vector<std::string> LinuxHostKernel::mounts() {
  std::vector<std::string> result;
  std::istringstream lines(base::read_file("/proc/self/mountinfo").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, root, point;
    fields >> id >> parent >> device >> root >> point;
    result.push_back(unescape(point));
  }
  return result;
}

base::Status LinuxHostKernel::unmount(const std::string& path) {
  if (::umount2(path.c_str(), UMOUNT_NOFOLLOW) == 0 || errno == EINVAL || errno == ENOENT) return {};
  if (::umount2(path.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0 || errno == EINVAL || errno == ENOENT) return {};
  return base::errno_error(errno, fmt::format("unmounting {}", path));
}

int LinuxHostKernel::own_session() {
  return ::getsid(0);
}

}  // namespace slipway::agent
