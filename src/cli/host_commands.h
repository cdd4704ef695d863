#pragma once

#include <chrono>
#include <string>

#include "cli/command.h"

namespace slipway::cli {

struct HostRegisterOptions {
  std::string name;
  std::string serial_number;
  std::string uuid;
  std::string description;
  std::chrono::seconds token_lifetime{std::chrono::hours(24)};
  std::string token_file;  // "" = the token is printed, once
};
// Creates the Host and its single-use join token.
Status host_register(const Context& context, const HostRegisterOptions& options);

// A new join token for a registered host (the old one expired or was lost); the old one stops working.
Status host_token(const Context& context, const HostRegisterOptions& options);

Status host_list(const Context& context, bool all_projects);
Status host_describe(const Context& context, const std::string& name);

struct HostDeleteOptions {
  std::string name;
  bool wait = true;
  std::chrono::seconds timeout{60};
};
// Refused while a cluster runs on the host.
Status host_delete(const Context& context, const HostDeleteOptions& options);

// Sets spec.authorized: a deauthorized host loses its connection and its credentials at once.
Status host_set_authorized(const Context& context, const std::string& name, bool authorized);

}  // namespace slipway::cli
