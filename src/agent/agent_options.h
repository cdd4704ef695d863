#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::agent {

struct ServerAddress {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const ServerAddress&) const = default;
};

// The command line and environment of slipway-agent.
struct AgentOptions {
  ServerAddress server;
  std::filesystem::path data_folder = "/var/lib/slipway-agent";
  std::filesystem::path join_token_file;
  std::string join_token;         // secret; from SLIPWAY_JOIN_TOKEN only, so that it is in no process list
  std::filesystem::path ca_file;  // trust for the first contact
  std::string ca_hash;            // or the sha256 (hex) of the orchestrator's CA certificate
  std::string log_level = "info";
  bool show_help = false;
  bool show_version = false;
};

// kInvalid says which option is wrong and what it wants. `arguments` without the program's name. The environment gives
// defaults: SLIPWAY_SERVER, SLIPWAY_JOIN_TOKEN, SLIPWAY_CA_HASH.
base::Result<AgentOptions> parse_agent_options(const std::vector<std::string>& arguments);
base::Result<ServerAddress> parse_server_address(std::string_view url);  // "https://host:port"
std::string agent_help();

}  // namespace slipway::agent
