// The tool on a configuration with 1,000 files: time and memory of one run, as a user sees them.

#include <chrono>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/figures.h"
#include "base/files.h"

namespace {

struct Measured {
  double milliseconds = 0, processor = 0, mebibytes = 0;
};

// One run of the program with its peak of resident memory.
Measured measure(const std::string& program, const std::string& file) {
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(program.c_str(), program.c_str(), "-config-file", file.c_str(), "-out", (file + ".out").c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  const double time = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  if (status != 0) {
    fmt::print(stderr, "the program failed with status {}\n", status);
    std::exit(1);
  }
  const auto in_milliseconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return {time, in_milliseconds(usage.ru_utime) + in_milliseconds(usage.ru_stime),
          static_cast<double>(usage.ru_maxrss) / 1024};
}

}  // namespace

int main(int, char** argv) {
  using slipway::base::Figure;
  const std::string own(argv[0]);
  const std::string program = own.substr(0, own.rfind('/') + 1) + "cluster-bootstrapper";
  const auto folder = slipway::base::TemporaryFolder::create("standalone-bench");
  std::string text =
      "version: 1.0\nkubernetes:\n  kind: KThreesControlPlaneTemplate\n"
      "  apiVersion: controlplane.cluster.x-k8s.io/v1beta2\n  spec:\n    template:\n      spec:\n        files:\n";
  for (int i = 0; i < 1000; ++i)
    text += fmt::format(
        "          - path: /etc/site/file-{:04}.conf\n            permissions: \"0640\"\n            content: |\n"
        "              # setting {}\n              value = {}\n              text = \"{}\"\n",
        i, i, i * 7, std::string(900, 'x'));
  const std::string file = (folder->path() / "config").string();
  if (!slipway::base::write_file_atomically(file, text, 0600)) return 1;
  std::vector<double> times, processor;
  double memory = 0;
  for (int round = 0; round < 11; ++round) {
    const Measured measured = measure(program, file);
    times.push_back(measured.milliseconds);
    processor.push_back(measured.processor);
    memory = std::max(memory, measured.mebibytes);
  }
  const std::vector<Figure> figures{
      {.name = "time of one run", .value = slipway::base::median(times), .unit = "ms", .target = 50},
      {.name = "processor time of one run", .value = slipway::base::median(processor), .unit = "ms", .target = 50},
      {.name = "peak resident memory", .value = memory, .unit = "MiB", .target = 20}};
  fmt::print(
      "{}", slipway::base::figures_table(
                fmt::format("cluster-bootstrapper, 1,000 files entries, {} KiB of YAML", text.size() / 1024), figures));
  std::error_code error;
  std::filesystem::create_directories("build/figures", error);
  return slipway::base::write_figures("build/figures", "standalone", figures) ? 0 : 1;
}
