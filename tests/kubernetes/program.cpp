#include "kubernetes/program.h"

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/files.h"
#include "base/unique_fd.h"

namespace slipway::kubernetes {

using namespace std::chrono_literals;

base::Result<Program> Program::start(std::vector<std::string> argv, const std::filesystem::path& log) {
  std::vector<char*> arguments;
  for (std::string& argument : argv) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return base::errno_error(errno, "fork");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(output, 1);
    ::dup2(output, 2);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  Program program;
  program.pid_ = pid;
  return program;
}

Program::Program(Program&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
Program& Program::operator=(Program&& other) noexcept {
  stop();
  pid_ = std::exchange(other.pid_, -1);
  return *this;
}

void Program::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  for (int i = 0; i < 1'000; ++i) {
    if (!is_running()) return;
    std::this_thread::sleep_for(10ms);
  }
  kill_hard();
}

void Program::kill_hard() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

bool Program::is_running() const {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = -1;
  return pid_ > 0;
}

double Program::resident_mebibytes() const {
  const auto status = base::read_file(fmt::format("/proc/{}/status", pid_));
  if (!status) return 0;
  const auto at = status->find("VmRSS:");
  return at == status->npos ? 0 : std::atof(status->c_str() + at + 6) / 1024;
}

double Program::processor_seconds() const {
  const auto stat = base::read_file(fmt::format("/proc/{}/stat", pid_));
  if (!stat) return 0;
  // Fields 14 and 15 (proc(5)); the second one, a name in parentheses, may hold spaces.
  std::istringstream fields(stat->substr(stat->rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

base::Result<std::uint16_t> free_port() {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return base::errno_error(errno, "no free port");
  return ntohs(address.sin_port);
}

}  // namespace slipway::kubernetes
