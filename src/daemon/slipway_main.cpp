// slipway: the administrator's command line.

#include <csignal>
#include <unistd.h>

#include "cli/command_line.h"
#include "kube/remote_client.h"
#include "pki/kubeconfig_files.h"

namespace {

using slipway::base::Result;

Result<std::shared_ptr<slipway::kube::Client>> connect(const std::string& path, const std::string& context,
                                                       std::string& server) {
  auto found = slipway::pki::find_kubeconfig(path, context);
  if (!found && found.error().code() == slipway::base::ErrorCode::kNotFound)
    return std::move(found.error())
        .with_context("no kubeconfig of the orchestrator; use --kubeconfig or set KUBECONFIG to its admin.kubeconfig");
  const slipway::pki::Kubeconfig config = SLIPWAY_TRY(std::move(found));
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
