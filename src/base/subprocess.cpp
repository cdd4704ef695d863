#include "base/subprocess.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/files.h"
#include "base/unique_fd.h"

extern char** environ;

namespace slipway::base {

namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  UniqueFd read_end, write_end;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error(errno, "pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

class Child {
 public:
  Child(const ProcessOptions& options, std::stop_token stop) : options_(options), stop_(std::move(stop)) {}

  Result<ProcessResult> run() {
    SLIPWAY_TRY(start());
    transfer();
    return std::move(result_);
  }

 private:
  Status start() {
    Pipe in = SLIPWAY_TRY(make_pipe()), out = SLIPWAY_TRY(make_pipe()), err = SLIPWAY_TRY(make_pipe());
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.read_end.get(), 0);
    posix_spawn_file_actions_adddup2(&actions, out.write_end.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, err.write_end.get(), 2);
    if (!options_.working_folder.empty())
      posix_spawn_file_actions_addchdir_np(&actions, options_.working_folder.c_str());
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);

    std::vector<std::string> argv = options_.argv, environment;
    if (options_.environment)
      for (const auto& [name, value] : *options_.environment) environment.push_back(name + "=" + value);
    std::vector<char*> argv_pointers = pointers(argv), environment_pointers = pointers(environment);
    const int failed = ::posix_spawnp(&pid_, argv_pointers[0], &actions, &attributes, argv_pointers.data(),
                                      options_.environment ? environment_pointers.data() : environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failed != 0) return errno_error(failed, fmt::format("cannot run '{}'", options_.argv[0]));
    input_ = std::move(in.write_end);
    output_ = std::move(out.read_end);
    error_ = std::move(err.read_end);
    ::fcntl(input_.get(), F_SETFL, O_NONBLOCK);
    return {};
  }

  void transfer() {
    const Clock::time_point deadline = Clock::now() + options_.timeout;
    std::optional<Clock::time_point> kill_at, give_up_output_at;
    std::string_view pending = options_.input;
    if (pending.empty()) input_.reset();
    int status = 0;
    bool ended = false;
    while (!ended || output_.valid() || error_.valid()) {
      if (!ended && ::waitpid(pid_, &status, WNOHANG) == pid_) {
        ended = true;
        // A background grandchild may keep the pipes open for ever; what the program itself wrote is there already.
        give_up_output_at = Clock::now() + std::chrono::milliseconds(100);
      }
      const Clock::time_point now = Clock::now();
      if (ended && give_up_output_at && now >= *give_up_output_at) break;
      if (!ended && !kill_at && (now >= deadline || stop_.stop_requested())) {
        (now >= deadline ? result_.timed_out : result_.cancelled) = true;
        ::kill(-pid_, SIGTERM);
        kill_at = now + options_.kill_grace;
      } else if (!ended && kill_at && now >= *kill_at) {
        ::kill(-pid_, SIGKILL);
        kill_at = now + std::chrono::seconds(3600);
      }
      std::array<pollfd, 3> wanted{pollfd{output_.get(), POLLIN, 0}, pollfd{error_.get(), POLLIN, 0},
                                   pollfd{input_.get(), POLLOUT, 0}};
      ::poll(wanted.data(), wanted.size(), poll_milliseconds_);
      poll_milliseconds_ = std::min(poll_milliseconds_ * 2, 20);
      if (wanted[0].revents != 0) drain(output_, result_.standard_output);
      if (wanted[1].revents != 0) drain(error_, result_.standard_error);
      if (wanted[2].revents != 0) feed(pending);
    }
    if (result_.timed_out || result_.cancelled) ::kill(-pid_, SIGKILL);
    result_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  void drain(UniqueFd& fd, std::string& into) {
    std::array<char, 16384> buffer;
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) return fd.reset();
    poll_milliseconds_ = 1;
    const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t room = options_.output_limit - std::min(options_.output_limit, into.size());
    into.append(text.substr(0, room));
    if (text.size() > room) result_.output_truncated = true;
    if (options_.on_output) options_.on_output(text);
  }

  void feed(std::string_view& pending) {
    const ssize_t put = ::write(input_.get(), pending.data(), pending.size());
    if (put < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (put > 0) pending.remove_prefix(static_cast<std::size_t>(put));
    if (put < 0 || pending.empty()) input_.reset();
  }

  const ProcessOptions& options_;
  std::stop_token stop_;
  ProcessResult result_;
  pid_t pid_ = -1;
  UniqueFd input_, output_, error_;
  int poll_milliseconds_ = 1;
};

}  // namespace

Result<ProcessResult> run_process(const ProcessOptions& options, std::stop_token stop) {
  if (options.argv.empty()) return Error(ErrorCode::kInvalid, "no program to run was given");
  return Child(options, std::move(stop)).run();
}

}  // namespace slipway::base
