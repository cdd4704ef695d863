#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pki/kubeconfig_tree.h"

// Input: one or two kubeconfigs with a line "---" between them. Reading and merging must end, in bounds. Text that may
// come from anywhere never names a file or program of this machine, and what was read can be written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::pki;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t second = text.find("\n---\n");
  auto tree = parse_kubeconfig_tree(text.substr(0, second), "/folder");
  if (second != text.npos && tree) {
    const auto other = parse_kubeconfig_tree(text.substr(second + 5), "/other");
    if (other) merge_kubeconfig_tree(*tree, *other);
  }
  if (!tree) return 0;
  const auto config = resolve_kubeconfig(*tree, KubeconfigTrust::kText);
  if (!config) return 0;
  if (config->exec || !config->token_file.empty()) __builtin_trap();
  const auto again = parse_kubeconfig(render_kubeconfig(*config));
  if (!again || again->server != config->server || again->token != config->token || again->ca_pem != config->ca_pem)
    __builtin_trap();
  return 0;
}
