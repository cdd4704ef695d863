#include "agent/identity.h"

#include <fmt/core.h>

#include "agentproto/messages.h"
#include "base/crash_point.h"
#include "base/files.h"
#include "data/json_text.h"
#include "net/http_status.h"
#include "pki/certificate.h"

namespace slipway::agent {

using base::ErrorCode;
using base::Result;
using base::Status;
using data::Json;

namespace {

std::string trimmed(std::string text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

Result<net::TlsClientOptions> first_trust(const AgentOptions& options) {
  net::TlsClientOptions tls;
  if (!options.ca_file.empty()) {
    tls.ca_pem = SLIPWAY_TRY(base::read_file(options.ca_file, 1u << 20).with_context("--ca-file"));
  } else if (!options.ca_hash.empty()) {
    tls.ca_sha256 = options.ca_hash;
  } else {
    return base::fail(ErrorCode::kInvalid,
                      "this host is not enrolled yet: give --ca-file or --ca-hash, so that the token goes to the right "
                      "orchestrator only");
  }
  return tls;
}

}  // namespace

Result<std::optional<Identity>> IdentityStore::load() const {
  const Result<std::string> text = base::read_file(folder_ / "identity.json", 1u << 20);
  if (!text && text.error().code() == ErrorCode::kNotFound) return std::optional<Identity>();
  if (!text) return text.error();
  const Result<Json> json = data::parse_json(*text);
  const Result<std::string> key = base::read_file(folder_ / "key.pem", 65536);
  if (!json || !key) return std::optional<Identity>();
  Identity identity{.host_name = json->text({"hostName"}),
                    .ns = json->text({"namespace"}),
                    .key_pem = *key,
                    .certificate_pem = json->text({"certificatePem"}),
                    .ca_pem = json->text({"caPem"}),
                    .token_hash = json->text({"tokenHash"})};
  if (!pki::check_pair({identity.certificate_pem, identity.key_pem})) return std::optional<Identity>();
  return std::optional(std::move(identity));
}

Status IdentityStore::save(const Identity& identity) const {
  const Json json = Json::object({{"hostName", identity.host_name},
                                  {"namespace", identity.ns},
                                  {"certificatePem", identity.certificate_pem},
                                  {"caPem", identity.ca_pem},
                                  {"tokenHash", identity.token_hash}});
  return base::write_file_atomically(folder_ / "identity.json", data::to_json(json, 2) + "\n", 0600)
      .with_context("the identity cannot be saved");
}

Result<std::string> IdentityStore::key(bool fresh) const {
  const std::filesystem::path file = folder_ / "key.pem";
  if (!fresh) {
    Result<std::string> present = base::read_file(file, 65536);
    // A key that cannot make a request is no key.
    if (present && pki::create_csr(*present, {.common_name = "slipway-agent"})) return present;
  }
  std::string key = SLIPWAY_TRY(pki::generate_key(pki::KeyType::kEcP256));
  SLIPWAY_TRY(base::write_file_atomically(file, key, 0600).with_context("the key cannot be saved"));
  base::crash_point("agent.key-made");
  return key;
}

Result<std::string> read_join_token(const AgentOptions& options) {
  std::string token = options.join_token;
  if (!options.join_token_file.empty())
    token = SLIPWAY_TRY(base::read_file(options.join_token_file, 4096).with_context("--join-token-file"));
  token = trimmed(std::move(token));
  if (token.empty())
    return base::fail(ErrorCode::kNotFound,
                      "this host is not enrolled and there is no join token; get one with "
                      "'slipway host token' and give it with --join-token-file");
  return token;
}

Result<Identity> enroll(net::ClientRuntime& runtime, const AgentOptions& options, const MachineIdentity& machine,
                        const std::string& token, std::string key_pem) {
  net::ClientRuntime::Request request;
  request.method = "POST";
  request.host = options.server.host;
  request.port = options.server.port;
  request.path = agentproto::kEnrollPath;
  request.content_type = "application/json";
  request.tls = SLIPWAY_TRY(first_trust(options));
  agentproto::EnrollRequest body{.token = token, .serial_number = machine.serial_number, .uuid = machine.uuid};
  body.csr_pem = SLIPWAY_TRY(pki::create_csr(key_pem, {.common_name = "slipway-agent"}));
  request.body = agentproto::encode(body);
  const net::HttpResponse answer = SLIPWAY_TRY(runtime.request(request));
  if (answer.status != 200)
    return base::fail(net::error_code_of_http_status(answer.status),
                      trimmed(agentproto::bounded_text(answer.body, 1024)));
  agentproto::EnrollResponse response = SLIPWAY_TRY(agentproto::parse_enroll_response(answer.body));
  SLIPWAY_TRY(pki::check_pair({response.certificate_pem, key_pem}).with_context("the orchestrator's answer"));
  base::crash_point("agent.enrolled");
  return Identity{.host_name = std::move(response.host_name),
                  .ns = std::move(response.ns),
                  .key_pem = std::move(key_pem),
                  .certificate_pem = std::move(response.certificate_pem),
                  .ca_pem = std::move(response.ca_pem),
                  .token_hash = pki::sha256_hex(token)};
}

bool wants_renewal(const Identity& identity, base::WallTime now) {
  const auto info = pki::read_certificate(identity.certificate_pem);
  return info && now > info->not_after - (info->not_after - info->not_before) / 3;
}

}  // namespace slipway::agent
