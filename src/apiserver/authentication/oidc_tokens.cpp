#include "apiserver/authentication/oidc_tokens.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/log.h"
#include "data/json_text.h"

namespace slipway::apiserver {

using base::ErrorCode;
using base::Result;
using base::Status;
using data::Json;
using std::chrono::seconds;

namespace {

constexpr seconds kLeeway{60};
// As long as kube-apiserver takes a verified token as such.
constexpr seconds kKeepVerified{10};
constexpr seconds kRefreshEvery{3600};
constexpr seconds kRetryAfter{10};
constexpr seconds kMinInterval{10};
// Requests hold a thread while they wait for keys: few may, and not for long.
constexpr seconds kWaitForKeys{3};
constexpr int kMostWaiting = 2;
constexpr std::size_t kMaxDocumentBytes = 1u << 20;
constexpr std::size_t kMaxGroups = 1000;

base::Error refused(std::string_view why) {
  return base::fail(ErrorCode::kUnauthorized, std::string(why));
}

Status check_https(std::string_view flag, std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (url.starts_with(kScheme) && url.size() > kScheme.size() && url.find_first_of("?# \t\r\n") == url.npos) return {};
  return base::fail(ErrorCode::kInvalid,
                    fmt::format("{} \"{}\" must be an https URL without query and fragment", flag, url));
}

std::string username_prefix(const OidcOptions& options) {
  if (options.username_prefix == "-") return "";
  if (options.username_prefix.empty() && options.username_claim != "email") return options.issuer_url + "#";
  return options.username_prefix;
}

}  // namespace

Status check_oidc_options(const OidcOptions& options) {
  SLIPWAY_TRY(check_https("--oidc-issuer-url", options.issuer_url));
  if (options.client_id.empty()) return base::fail(ErrorCode::kInvalid, "--oidc-client-id must be given, too");
  if (options.username_claim.empty())
    return base::fail(ErrorCode::kInvalid, "--oidc-username-claim must name a claim such as sub");
  if (options.algorithms.empty())
    return base::fail(ErrorCode::kInvalid, "--oidc-signing-algs must name an algorithm such as RS256");
  return {};
}

Result<UserInfo> oidc_user(const OidcOptions& options, const Json& claims) {
  const std::string& name = claims[options.username_claim].string_or_empty();
  if (name.empty()) return refused("an OIDC token has no text in the claim of the user's name");
  if (options.username_claim == "email" && claims.contains("email_verified") &&
      !claims["email_verified"].bool_or(false))
    return refused("the e-mail address of an OIDC token is not verified");
  for (const auto& [claim, wanted] : options.required_claims)
    if (!claims[claim].is_string() || claims[claim].string_or_empty() != wanted)
      return refused(fmt::format("an OIDC token lacks the required claim {}", claim));
  UserInfo user{.name = username_prefix(options) + name};
  if (!options.groups_claim.empty()) {
    const Json& groups = claims[options.groups_claim];
    if (groups.is_string()) user.groups.push_back(options.groups_prefix + groups.string_or_empty());
    if (!groups.is_null() && !groups.is_string() && !groups.is_array())
      return refused("the groups of an OIDC token are neither a text nor a list");
    if (groups.is_array() && groups.size() > kMaxGroups) return refused("an OIDC token has too many groups");
    for (const Json& group : groups.items()) {
      if (!group.is_string()) return refused("the groups of an OIDC token are no texts");
      user.groups.push_back(options.groups_prefix + group.string_or_empty());
    }
  }
  set_credential_id(user, claims.text({"jti"}));
  return user;
}

OidcTokens::OidcTokens(OidcOptions options, FetchDocument fetch, base::Clock& clock)
    : options_(std::move(options)), fetch_(std::move(fetch)), clock_(clock), verified_(clock, kKeepVerified) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

OidcTokens::~OidcTokens() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

Result<std::vector<pki::PublicKey>> OidcTokens::fetch_keys() {
  std::string base_url = options_.issuer_url;
  while (base_url.ends_with('/')) base_url.pop_back();
  const std::string text = SLIPWAY_TRY(fetch_(base_url + "/.well-known/openid-configuration"));
  const Json document = SLIPWAY_TRY(data::parse_json(text, {.max_bytes = kMaxDocumentBytes, .max_depth = 16}));
  // Otherwise somebody else answers for the issuer (Discovery 1.0, section 4.3).
  if (document.text({"issuer"}) != options_.issuer_url)
    return base::fail(
        ErrorCode::kInvalid,
        fmt::format("it calls itself {}, which is not the value of --oidc-issuer-url", document.text({"issuer"})));
  SLIPWAY_TRY(check_https("its jwks_uri", document.text({"jwks_uri"})));
  const std::string key_text = SLIPWAY_TRY(fetch_(document.text({"jwks_uri"})));
  return pki::parse_key_set(key_text);
}

void OidcTokens::run(const std::stop_token& stop) {
  bool failed_before = false;
  while (!stop.stop_requested()) {
    auto keys = fetch_keys();
    if (!keys && !failed_before)
      base::log_warning("apiserver", "the keys of OIDC issuer {} cannot be read, its tokens are refused: {}",
                        options_.issuer_url, keys.error().message());
    if (keys && (failed_before || attempts_ == 0))
      base::log_info("apiserver", "OIDC issuer {} has {} keys", options_.issuer_url, keys->size());
    failed_before = !keys;
    std::unique_lock lock(mutex_);
    if (keys) {
      keys_ = std::make_shared<const std::vector<pki::PublicKey>>(std::move(*keys));
      verified_.clear();
    }
    ++attempts_;
    wanted_ = false;
    earliest_ = clock_.steady() + kMinInterval;
    changed_.notify_all();
    const auto next = clock_.steady() + (failed_before ? kRetryAfter : kRefreshEvery);
    while (!wanted_ && !stop.stop_requested() && clock_.steady() < next) clock_.wait_until(changed_, lock, next, stop);
  }
}

OidcTokens::Keys OidcTokens::refreshed_keys() {
  std::unique_lock lock(mutex_);
  const bool may_begin = wanted_ || clock_.steady() >= earliest_;
  if (!may_begin || waiting_ >= kMostWaiting) return keys_;
  const std::uint64_t before = attempts_;
  if (!wanted_) {
    wanted_ = true;
    changed_.notify_all();
  }
  ++waiting_;
  changed_.wait_for(lock, kWaitForKeys, [&] { return attempts_ != before; });
  --waiting_;
  return keys_;
}

pki::SignatureVerdict OidcTokens::verify(const pki::UnverifiedJwt& token) {
  Keys keys;
  {
    const std::lock_guard lock(mutex_);
    keys = keys_;
  }
  using enum pki::SignatureVerdict;
  const pki::SignatureVerdict first = keys ? pki::verify_jwt(token, *keys, options_.algorithms) : kUnknownKey;
  if (first != kUnknownKey) return first;
  keys = refreshed_keys();
  return keys ? pki::verify_jwt(token, *keys, options_.algorithms) : kUnknownKey;
}

Result<std::optional<TokenVerdict>> OidcTokens::authenticate(std::string_view token, const std::vector<std::string>&) {
  auto claims = verified_.find(token);
  if (!claims) {
    auto parsed = pki::parse_jwt(token);
    if (!parsed || parsed->claims.text({"iss"}) != options_.issuer_url) return std::optional<TokenVerdict>();
    // What can be told without a key is told first: a stale token causes no refresh.
    SLIPWAY_TRY(pki::check_jwt_times(parsed->claims, clock_.now(), kLeeway).with_context("an OIDC token"));
    const pki::SignatureVerdict verdict = verify(*parsed);
    if (verdict == pki::SignatureVerdict::kUnknownKey) return refused("no key of the OIDC issuer made the token");
    if (verdict != pki::SignatureVerdict::kVerified) return refused("the signature of an OIDC token is wrong");
    claims = verified_.put(token, std::move(parsed->claims));
  }
  SLIPWAY_TRY(pki::check_jwt_times(*claims, clock_.now(), kLeeway).with_context("an OIDC token"));
  const std::vector<std::string> audiences = pki::jwt_audiences(*claims);
  if (std::ranges::find(audiences, options_.client_id) == audiences.end())
    return refused("an OIDC token is for another client");
  return std::optional<TokenVerdict>({.user = SLIPWAY_TRY(oidc_user(options_, *claims)), .audiences = {}});
}

}  // namespace slipway::apiserver
