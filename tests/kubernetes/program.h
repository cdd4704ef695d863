#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.h"

namespace slipway::kubernetes {

// A child process with its output in a file; ended with the object, and by the kernel when the thread that started it
// ends. One thread.
class Program {
 public:
  static base::Result<Program> start(std::vector<std::string> argv, const std::filesystem::path& log);
  Program() = default;
  Program(Program&& other) noexcept;
  Program& operator=(Program&& other) noexcept;
  ~Program() { stop(); }
  // SIGTERM, then SIGKILL after 10 s; waits.
  void stop();
  void kill_hard();  // SIGKILL; waits
  pid_t pid() const { return pid_; }
  double resident_mebibytes() const;
  double processor_seconds() const;  // used so far, by all threads
  bool is_running() const;

 private:
  mutable pid_t pid_ = -1;  // -1: none, or it has ended and was waited for
};

// A TCP port of 127.0.0.1 that is free now, for programs that want to be told one.
base::Result<std::uint16_t> free_port();

}  // namespace slipway::kubernetes
