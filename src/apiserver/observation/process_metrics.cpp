#include "apiserver/observation/process_metrics.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include "base/files.h"

namespace slipway::apiserver {

namespace {

using Type = Exposition::Type;

// The fields of /proc/self/stat after the command's name, from the state (field 3) on.
std::vector<std::string> process_fields() {
  const std::string text = base::read_file("/proc/self/stat").value_or("");
  const auto end_of_name = text.rfind(')');
  std::vector<std::string> fields;
  if (end_of_name == text.npos) return fields;
  std::istringstream in(text.substr(end_of_name + 1));
  for (std::string field; in >> field;) fields.push_back(std::move(field));
  return fields;
}

double boot_time() {
  const std::string text = base::read_file("/proc/stat").value_or("");
  const auto at = text.find("btime ");
  return at == text.npos ? 0 : std::strtod(text.c_str() + at + 6, nullptr);
}

}  // namespace

void write_process_metrics(Exposition& out) {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    out.value("process_cpu_seconds_total", Type::kCounter, "User and system time of the process.",
              seconds(usage.ru_utime) + seconds(usage.ru_stime));
  }
  constexpr std::size_t kStart = 22 - 3, kVirtual = 23 - 3, kResident = 24 - 3;  // proc(5), counted from field 3
  if (const std::vector<std::string> fields = process_fields(); fields.size() > kResident) {
    const auto field = [&](std::size_t index) { return std::strtod(fields[index].c_str(), nullptr); };
    out.value("process_virtual_memory_bytes", Type::kGauge, "Address space of the process.", field(kVirtual));
    out.value("process_resident_memory_bytes", Type::kGauge, "Memory of the process that is in RAM.",
              field(kResident) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    if (const double booted = boot_time(); booted > 0)
      out.value("process_start_time_seconds", Type::kGauge, "When the process started, in seconds since 1970.",
                booted + field(kStart) / static_cast<double>(::sysconf(_SC_CLK_TCK)));
  }
  std::error_code error;
  std::size_t open = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error))
    ++open;
  if (!error) out.value("process_open_fds", Type::kGauge, "Open file descriptors.", static_cast<double>(open));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    out.value("process_max_fds", Type::kGauge, "File descriptors that may be open.",
              static_cast<double>(limit.rlim_cur));
}

}  // namespace slipway::apiserver
