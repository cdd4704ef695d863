#include "kube/exec_identity.h"

#include <fmt/core.h>
#include <map>
#include <mutex>

#include "base/subprocess.h"
#include "data/json_text.h"
#include "pki/certificate.h"

extern char** environ;

namespace slipway::kube {

using base::ErrorCode;
using base::fail;
using base::Result;
using data::Json;

namespace {

constexpr std::chrono::milliseconds kRunLimit{30'000};
constexpr std::chrono::seconds kFailureHolds{5};
constexpr std::size_t kOutputLimit = 1u << 20;
constexpr std::size_t kShownBytes = 300;

std::map<std::string, std::string> environment_of(const pki::ExecPlugin& plugin) {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != text.npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  for (const auto& [name, value] : plugin.environment) environment[name] = value;
  Json spec = Json::object({{"interactive", false}});
  if (!plugin.cluster.is_null()) spec.set("cluster", plugin.cluster);
  environment["KUBERNETES_EXEC_INFO"] = data::to_json(
      Json::object({{"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}}));
  return environment;
}

// What a plugin says to people; its standard output is never shown.
std::string last_words(const std::string& standard_error) {
  std::string text = standard_error.substr(0, kShownBytes);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text.empty() ? "" : ": " + text;
}

class ExecIdentity final : public IdentitySource {
 public:
  ExecIdentity(const pki::Kubeconfig& config, base::Clock& clock)
      : plugin_(*config.exec),
        clock_(clock),
        certificate_{
            .bearer_token = "", .certificate_pem = config.client_certificate_pem, .key_pem = config.client_key_pem} {}

  Result<IdentityPtr> current() override {
    const std::lock_guard lock(mutex_);
    if (identity_ && (!expires_ || clock_.now() < *expires_)) return identity_;
    if (failure_ && clock_.steady() < failed_at_ + kFailureHolds) return *failure_;
    Result<ExecCredential> credential = run();
    if (!credential) {
      failure_ = credential.error();
      failed_at_ = clock_.steady();
      return *failure_;
    }
    failure_.reset();
    expires_ = credential->expires;
    if (credential->identity.certificate_pem.empty()) {
      credential->identity.certificate_pem = certificate_.certificate_pem;
      credential->identity.key_pem = certificate_.key_pem;
    }
    identity_ = std::make_shared<const ClientIdentity>(std::move(credential->identity));
    return identity_;
  }

  bool refused(const IdentityPtr& used) override {
    const std::lock_guard lock(mutex_);
    if (identity_ == used) identity_.reset();
    return true;
  }

 private:
  Result<ExecCredential> run() const {
    base::ProcessOptions options;
    options.argv = plugin_.arguments;
    options.argv.insert(options.argv.begin(), plugin_.command);
    options.environment = environment_of(plugin_);
    options.timeout = kRunLimit;
    options.output_limit = kOutputLimit;
    const auto bad = [&](std::string_view why) {
      return fail(ErrorCode::kUnauthorized, fmt::format("exec plugin {} {}", plugin_.command, why));
    };
    const auto result = base::run_process(options);
    if (!result) {
      const bool hint = result.error().code() == ErrorCode::kNotFound && !plugin_.install_hint.empty();
      return bad(
          fmt::format("does not start: {}{}", result.error().message(), hint ? "\n" + plugin_.install_hint : ""));
    }
    if (result->timed_out) return bad(fmt::format("did not end within {} s", kRunLimit.count() / 1000));
    if (result->exit_code != 0)
      return bad(fmt::format("failed with exit code {}{}", result->exit_code, last_words(result->standard_error)));
    if (result->output_truncated) return bad(fmt::format("wrote more than {} bytes", kOutputLimit));
    Result<ExecCredential> credential = parse_exec_credential(result->standard_output, plugin_.api_version);
    if (!credential) return bad(credential.error().message());
    return credential;
  }

  const pki::ExecPlugin plugin_;
  base::Clock& clock_;
  const ClientIdentity certificate_;  // of the kubeconfig, beside a token of the plugin
  std::mutex mutex_;                  // held while the plugin runs: one run serves all who wait
  IdentityPtr identity_;
  std::optional<base::WallTime> expires_;
  std::optional<base::Error> failure_;
  std::chrono::nanoseconds failed_at_{0};
};

}  // namespace

Result<ExecCredential> parse_exec_credential(std::string_view text, std::string_view api_version) {
  // The parser's own message would quote the text.
  const auto json = data::parse_json(text, {.max_bytes = kOutputLimit});
  if (!json) return fail(ErrorCode::kInvalid, "did not print JSON");
  if ((*json)["kind"].string_or_empty() != "ExecCredential" || (*json)["apiVersion"].string_or_empty() != api_version)
    return fail(ErrorCode::kInvalid, fmt::format("did not print an ExecCredential of {}", api_version));
  const Json& status = (*json)["status"];
  ExecCredential credential{.identity = {.bearer_token = status["token"].string_or_empty(),
                                         .certificate_pem = status["clientCertificateData"].string_or_empty(),
                                         .key_pem = status["clientKeyData"].string_or_empty()},
                            .expires = {}};
  const ClientIdentity& identity = credential.identity;
  if (identity.certificate_pem.empty() != identity.key_pem.empty())
    return fail(ErrorCode::kInvalid, "gave a client certificate without its key, or the reverse");
  if (identity.bearer_token.empty() && identity.certificate_pem.empty())
    return fail(ErrorCode::kInvalid, "gave neither a token nor a client certificate");
  if (!is_header_value(identity.bearer_token)) return fail(ErrorCode::kInvalid, "gave a token of more than one line");
  if (!identity.certificate_pem.empty() && !pki::check_pair({identity.certificate_pem, identity.key_pem}))
    return fail(ErrorCode::kInvalid, "gave a client certificate and a key that do not fit");
  if (const std::string& expires = status["expirationTimestamp"].string_or_empty(); !expires.empty()) {
    const auto time = base::parse_rfc3339(expires);
    if (!time) return fail(ErrorCode::kInvalid, "gave an expirationTimestamp that is no time");
    credential.expires = *time;
  }
  return credential;
}

std::unique_ptr<IdentitySource> exec_identity(const pki::Kubeconfig& config, base::Clock& clock) {
  return std::make_unique<ExecIdentity>(config, clock);
}

}  // namespace slipway::kube
