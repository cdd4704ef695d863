// slipway: the administrator's command line.

#include <csignal>
#include <unistd.h>

#include "base/files.h"
#include "cli/command_line.h"
#include "kube/remote_client.h"
#include "pki/kubeconfig.h"

namespace {

using slipway::base::Result;

Result<std::shared_ptr<slipway::kube::Client>> connect(const std::string& path, std::string& server) {
  const std::string text = SLIPWAY_TRY(slipway::base::read_file(path).with_context(
      "no kubeconfig of the orchestrator; use --kubeconfig or set KUBECONFIG to its admin.kubeconfig"));
  const auto slash = path.rfind('/');
  const auto config =
      SLIPWAY_TRY(slipway::pki::parse_kubeconfig(text, slash == std::string::npos ? "." : path.substr(0, slash))
                      .with_context(path));
  server = config.server;
  std::shared_ptr<slipway::kube::Client> client = SLIPWAY_TRY(slipway::kube::RemoteClient::connect(config));
  return client;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  slipway::cli::Context context;
  context.interactive = ::isatty(STDOUT_FILENO) != 0;
  return slipway::cli::run_command_line(argc, argv, std::move(context), connect);
}
