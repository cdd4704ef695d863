#include <algorithm>
#include <cctype>
#include <fmt/core.h>

#include "api/inventory/inventory.h"
#include "base/files.h"
#include "cli/host_commands.h"
#include "cli/output.h"
#include "inventory/join_token.h"

namespace slipway::cli {

using base::ErrorCode;

namespace {

Json host_object(const Context& context, const HostRegisterOptions& options) {
  Json host = meta::make_object(api::inventory::kHost, {context.project, options.name});
  Json& spec = host.set("spec", Json::object());
  if (!options.serial_number.empty()) spec.set("serialNumber", options.serial_number);
  if (!options.uuid.empty()) {
    std::string uuid = options.uuid;
    std::ranges::transform(uuid, uuid.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    spec.set("uuid", uuid);
  }
  if (!options.description.empty()) spec.set("description", options.description);
  return host;
}

// Makes a token, stores its hash with the host as its owner, and hands the text to the administrator once.
Result<inventory::JoinToken> issue_token(const Context& context, const Json& host, const HostRegisterOptions& options) {
  inventory::JoinToken token =
      inventory::make_join_token(host, options.token_lifetime, *context.clock, *context.random);
  const ObjectKey key = meta::key_of(token.secret);
  const Status removed = [&]() -> Status {
    const auto gone = context.client->remove(kube::kSecret, key);
    if (!gone && gone.error().code() != ErrorCode::kNotFound) return gone.error();
    return {};
  }();
  SLIPWAY_TRY(
      Status(removed).with_context(fmt::format("the old join token of host '{}' cannot be removed", options.name)));
  SLIPWAY_TRY(context.client->create(token.secret)
                  .with_context(fmt::format("host '{}' is registered but its join token could not be stored; run "
                                            "'slipway host token {}'",
                                            options.name, options.name)));
  return token;
}

Status show_token(const Context& context, const Json& host, const inventory::JoinToken& token,
                  const HostRegisterOptions& options) {
  if (!options.token_file.empty())
    SLIPWAY_TRY(base::write_file_atomically(options.token_file, token.text + "\n", 0600));
  if (context.format != OutputFormat::kTable) {
    Json result = host;
    if (options.token_file.empty()) result.set("joinToken", token.text);
    result.set("joinTokenExpires", token.expires_at);
    print_structured(context, result);
    return {};
  }
  print(context.out, fmt::format("host '{}' is registered in project '{}'\n", options.name, context.project));
  if (options.token_file.empty()) {
    print(context.out, fmt::format("join token (shown once, valid until {}): {}\n", token.expires_at, token.text));
  } else {
    print(context.out, fmt::format("join token (valid until {}) is in {}\n", token.expires_at, options.token_file));
  }
  return {};
}

}  // namespace

Status host_register(const Context& context, const HostRegisterOptions& options) {
  if (options.serial_number.empty() && options.uuid.empty())
    return Status(ErrorCode::kInvalid, "give --serial, --uuid or both: the host is recognised by them when it enrols");
  const ObjectPtr host = SLIPWAY_TRY(context.client->create(host_object(context, options)));
  const inventory::JoinToken token = SLIPWAY_TRY(issue_token(context, *host, options));
  return show_token(context, *host, token, options);
}

Status host_token(const Context& context, const HostRegisterOptions& options) {
  const ObjectPtr host = SLIPWAY_TRY(context.client->get(api::inventory::kHost, {context.project, options.name}));
  const inventory::JoinToken token = SLIPWAY_TRY(issue_token(context, *host, options));
  return show_token(context, *host, token, options);
}

}  // namespace slipway::cli
