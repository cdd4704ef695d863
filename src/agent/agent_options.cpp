#include "agent/agent_options.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fmt/core.h>

namespace slipway::agent {

using base::ErrorCode;
using base::Result;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// "sha256:ABC…" or plain hex, as openssl and kubeadm write it; colons between bytes are fine.
Result<std::string> normal_hash(std::string text) {
  if (text.starts_with("sha256:")) text.erase(0, 7);
  std::erase(text, ':');
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != std::string::npos)
    return base::fail(ErrorCode::kInvalid, "--ca-hash: is not a sha256 in hexadecimal (64 digits)");
  return text;
}

}  // namespace

Result<ServerAddress> parse_server_address(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  const auto wrong = [&](std::string_view what) {
    return base::fail(ErrorCode::kInvalid,
                      fmt::format("--server: '{}' {}; it looks like https://host:port", url, what));
  };
  if (!url.starts_with(kScheme)) return wrong("does not begin with https://");
  std::string_view rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  const bool bare_v6 = rest.starts_with('[') && rest.ends_with(']');
  ServerAddress address{.host = std::string(bare_v6 ? rest : rest.substr(0, colon)), .port = 443};
  if (colon != std::string_view::npos && !bare_v6) {
    const std::string_view port = rest.substr(colon + 1);
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (failed != std::errc{} || end != port.data() + port.size() || address.port == 0)
      return wrong("has no valid port");
  }
  if (address.host.starts_with('[') && address.host.ends_with(']'))
    address.host = address.host.substr(1, address.host.size() - 2);
  if (address.host.empty() || address.host.find_first_of("/?#@ ") != std::string::npos)
    return wrong("has no valid host");
  return address;
}

std::string agent_help() {
  return "slipway-agent: joins this host to a Slipway orchestrator and does its work\n"
         "\n"
         "  slipway-agent --server URL --join-token-file FILE (--ca-file FILE | --ca-hash SHA256) [options]\n"
         "\n"
         "  --server URL             the orchestrator's agent endpoint, https://host:port   [SLIPWAY_SERVER]\n"
         "  --join-token-file FILE   holds the token that `slipway host register` showed    [SLIPWAY_JOIN_TOKEN: the "
         "token]\n"
         "  --ca-file FILE           the orchestrator's CA certificate (PEM)\n"
         "  --ca-hash SHA256         or the sha256 of that certificate                      [SLIPWAY_CA_HASH]\n"
         "  --data-dir DIR           identity and state (default /var/lib/slipway-agent)\n"
         "  --log-level LEVEL        debug, info, warning, error (default info)\n"
         "  --version, --help\n"
         "\n"
         "Token and CA are needed until the host is enrolled; afterwards the identity in the data folder is used.\n"
         "SLIPWAY_AGENT_SERIAL and SLIPWAY_AGENT_UUID stand in for a firmware that tells none.\n";
}

Result<AgentOptions> parse_agent_options(const std::vector<std::string>& arguments) {
  AgentOptions options;
  options.join_token = environment("SLIPWAY_JOIN_TOKEN");
  options.ca_hash = environment("SLIPWAY_CA_HASH");
  std::string server = environment("SLIPWAY_SERVER"), data_folder, token_file, ca_file;
  const std::pair<std::string_view, std::string*> known[] = {
      {"--server", &server},   {"--data-dir", &data_folder},    {"--join-token-file", &token_file},
      {"--ca-file", &ca_file}, {"--ca-hash", &options.ca_hash}, {"--log-level", &options.log_level},
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--help" || arguments[i] == "-h") options.show_help = true;
    if (arguments[i] == "--version") options.show_version = true;
    if (options.show_help || options.show_version) return options;
    const std::size_t equal = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equal);
    const auto* option = std::ranges::find(known, name, [](const auto& entry) { return entry.first; });
    if (option == std::end(known))
      return base::fail(ErrorCode::kInvalid, fmt::format("unknown option '{}'; see slipway-agent --help", name));
    if (equal == std::string::npos && i + 1 == arguments.size())
      return base::fail(ErrorCode::kInvalid, fmt::format("{}: a value is missing", name));
    *option->second = equal == std::string::npos ? arguments[++i] : arguments[i].substr(equal + 1);
  }
  if (server.empty()) return base::fail(ErrorCode::kInvalid, "--server: is missing; it looks like https://host:port");
  options.server = SLIPWAY_TRY(parse_server_address(server));
  if (!data_folder.empty()) options.data_folder = data_folder;
  options.join_token_file = token_file;
  options.ca_file = ca_file;
  if (!options.ca_hash.empty()) options.ca_hash = SLIPWAY_TRY(normal_hash(options.ca_hash));
  for (const char* level : {"debug", "info", "warning", "error"})
    if (options.log_level == level) return options;
  return base::fail(ErrorCode::kInvalid,
                    fmt::format("--log-level: '{}' is none of debug, info, warning, error", options.log_level));
}

}  // namespace slipway::agent
