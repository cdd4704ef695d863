// cluster-bootstrapper: a standalone edge configuration becomes the cloud-init document of its first boot.

#include <cerrno>
#include <string>
#include <unistd.h>
#include <vector>

#include "standalone/command_line.h"

namespace {

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  bool is_written = true;
  const slipway::standalone::Output output{
      .out = [&](std::string_view text) { is_written = write_all(STDOUT_FILENO, text) && is_written; },
      .error = [](std::string_view text) { write_all(STDERR_FILENO, text); }};
  const int code = slipway::standalone::run_command_line({argv + 1, argv + argc}, output);
  return code == 0 && !is_written ? 3 : code;
}
