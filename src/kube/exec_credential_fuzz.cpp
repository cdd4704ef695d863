#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kube/exec_identity.h"

// Input: what an exec plugin printed. Reading it must end, in bounds; what is taken fits into one header line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::kube;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto credential = parse_exec_credential(text, "client.authentication.k8s.io/v1");
  if (!credential) return 0;
  const ClientIdentity& identity = credential->identity;
  if (identity.bearer_token.empty() && identity.certificate_pem.empty()) __builtin_trap();
  if (identity.certificate_pem.empty() != identity.key_pem.empty()) __builtin_trap();
  if (!is_header_value(identity.bearer_token)) __builtin_trap();
  return 0;
}
