#include "apiserver/authentication/service_account_tokens.h"

#include <fmt/core.h>

#include "data/json_text.h"
#include "meta/object.h"
#include "registry/field_errors.h"

namespace slipway::apiserver {

using base::ErrorCode;
using base::Result;
using base::Status;
using data::Json;
using std::chrono::seconds;

namespace {

constexpr std::int64_t kDefaultLifetime = 3600, kMinLifetime = 600, kMaxLifetime = std::int64_t{1} << 32;
// For clocks that differ.
constexpr seconds kLeeway{60};
// The keys stay while the process runs, so that only room limits this.
constexpr seconds kKeepVerified{3600};
constexpr std::string_view kPrivateClaims = "kubernetes.io";

base::Error refused(std::string_view why) {
  return base::fail(ErrorCode::kUnauthorized, std::string(why));
}

std::int64_t seconds_of(base::WallTime time) {
  return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
}

const meta::GroupKind kTokenRequest{"authentication.k8s.io", "TokenRequest"};

Status check_names(const Json& request, const meta::ObjectKey& account) {
  registry::FieldErrors errors;
  if (const std::string& name = meta::name(request); !name.empty() && name != account.name)
    errors.push_back(
        registry::invalid_value("metadata.name", name, "must match the service account name if specified"));
  if (const std::string& ns = meta::ns(request); !ns.empty() && ns != account.ns)
    errors.push_back(
        registry::invalid_value("metadata.namespace", ns, "must match the service account namespace if specified"));
  if (errors.empty()) return {};
  return registry::invalid_object(kTokenRequest, account.name, std::move(errors));
}

Status check_lifetime(const Json& spec) {
  const Json& given = spec["expirationSeconds"];
  const std::int64_t lifetime = given.integer_or(0);
  std::string_view why;
  if (!given.is_integer() || lifetime < kMinLifetime) why = "may not specify a duration less than 10 minutes";
  if (lifetime > kMaxLifetime) why = "may not specify a duration larger than 2^32 seconds";
  if (why.empty()) return {};
  return registry::invalid_object(kTokenRequest, "", {registry::invalid_value("spec.expirationSeconds", given, why)});
}

}  // namespace

ServiceAccountTokens::ServiceAccountTokens(registry::Registry& registry, ServiceAccountTokenOptions options)
    : registry_(registry),
      options_(std::move(options)),
      keys_{options_.key.public_key()},
      verified_(*options_.clock, kKeepVerified) {}

Result<std::optional<TokenVerdict>> ServiceAccountTokens::authenticate(std::string_view token,
                                                                       const std::vector<std::string>& audiences) {
  auto claims = verified_.find(token);
  if (!claims) {
    auto parsed = pki::parse_jwt(token);
    if (!parsed || parsed->claims.text({"iss"}) != options_.issuer) return std::optional<TokenVerdict>();
    if (pki::verify_jwt(*parsed, keys_) != pki::SignatureVerdict::kVerified)
      return refused("the signature of a service account token is wrong");
    claims = verified_.put(token, std::move(parsed->claims));
  }
  SLIPWAY_TRY(pki::check_jwt_times(*claims, options_.clock->now(), kLeeway).with_context("a service account token"));
  TokenVerdict verdict{.user = {}, .audiences = common_audiences(audiences, pki::jwt_audiences(*claims))};
  if (verdict.audiences.empty()) return refused("a service account token is for other audiences");
  SLIPWAY_TRY(check_objects(*claims));
  const Json& about = (*claims)[kPrivateClaims];
  const std::string& ns = about.text({"namespace"});
  verdict.user = {.name = fmt::format("system:serviceaccount:{}:{}", ns, about.text({"serviceaccount", "name"})),
                  .uid = about.text({"serviceaccount", "uid"}),
                  .groups = {"system:serviceaccounts", "system:serviceaccounts:" + ns}};
  set_credential_id(verdict.user, claims->text({"jti"}));
  return std::optional<TokenVerdict>(std::move(verdict));
}

Status ServiceAccountTokens::check_objects(const Json& claims) {
  const Json& about = claims[kPrivateClaims];
  const std::string& ns = about.text({"namespace"});
  for (const auto& [member, plural] : {std::pair{"serviceaccount", "serviceaccounts"}, {"secret", "secrets"}}) {
    const Json& reference = about[member];
    if (reference.is_null() && std::string_view(member) == "secret") continue;
    const auto kind = registry_.catalog().find("", "v1", plural);
    const auto object = registry_.get(*kind, {ns, reference.text({"name"})});
    if (!object && object.error().code() != ErrorCode::kNotFound && object.error().code() != ErrorCode::kInvalid)
      return object.error();
    if (!object || meta::uid(**object) != reference.text({"uid"}) || meta::is_deleting(**object))
      return refused(fmt::format("the {} of a service account token is not there any more", member));
  }
  return {};
}

Result<Json> ServiceAccountTokens::issue(const meta::ObjectKey& key, Json request) {
  SLIPWAY_TRY(check_names(request, key));
  const auto kind = registry_.catalog().find("", "v1", "serviceaccounts");
  const auto account = SLIPWAY_TRY(registry_.get(*kind, key));
  Json& spec = request.at("spec");
  if (spec["audiences"].empty()) spec.set("audiences", Json::array({options_.issuer}));
  if (spec["expirationSeconds"].is_null()) spec.set("expirationSeconds", kDefaultLifetime);
  SLIPWAY_TRY(check_lifetime(spec));
  const Json claims = SLIPWAY_TRY(claims_of(*account, spec));
  const std::string token = SLIPWAY_TRY(pki::sign_jwt(options_.key, claims));
  if (token.size() > pki::kMaxJwtBytes)
    return base::fail(ErrorCode::kBadRequest,
                      fmt::format("the token would be longer than {} bytes; name fewer audiences", pki::kMaxJwtBytes));
  const base::WallTime expires{seconds(claims["exp"].integer_or(0))};
  request.set("metadata", Json::object({{"name", key.name},
                                        {"namespace", key.ns},
                                        {"creationTimestamp", base::format_rfc3339(options_.clock->now())}}));
  request.set("status", Json::object({{"token", token}, {"expirationTimestamp", base::format_rfc3339(expires)}}));
  return request;
}

Result<Json> ServiceAccountTokens::claims_of(const Json& account, const Json& spec) {
  Json about =
      Json::object({{"namespace", meta::ns(account)},
                    {"serviceaccount", Json::object({{"name", meta::name(account)}, {"uid", meta::uid(account)}})}});
  if (const Json& bound = spec["boundObjectRef"]; !bound.is_null()) {
    if (bound.text({"apiVersion"}) != "v1" || bound.text({"kind"}) != "Secret")
      return base::fail(ErrorCode::kBadRequest, fmt::format("cannot bind token to object of type {}, Kind={}",
                                                            bound.text({"apiVersion"}), bound.text({"kind"})));
    const auto kind = registry_.catalog().find("", "v1", "secrets");
    const std::string& name = bound.text({"name"});
    const auto secret = SLIPWAY_TRY(registry_.get(*kind, {meta::ns(account), name}));
    if (const std::string& uid = bound.text({"uid"}); !uid.empty() && uid != meta::uid(*secret))
      return registry::conflict("Secret", name,
                                fmt::format("the UID in the bound object reference ({}) does not match the UID in "
                                            "record. The object might have been deleted and then recreated",
                                            uid));
    about.set("secret", Json::object({{"name", name}, {"uid", meta::uid(*secret)}}));
  }
  const std::int64_t now = seconds_of(options_.clock->now());
  return Json::object({{"aud", spec["audiences"]},
                       {"exp", now + spec["expirationSeconds"].integer_or(kDefaultLifetime)},
                       {"iat", now},
                       {"nbf", now},
                       {"iss", options_.issuer},
                       {"jti", options_.random->uuid()},
                       {std::string(kPrivateClaims), std::move(about)},
                       {"sub", fmt::format("system:serviceaccount:{}:{}", meta::ns(account), meta::name(account))}});
}

Json ServiceAccountTokens::discovery_document() const {
  return Json::object(
      {{"issuer", options_.issuer},
       {"jwks_uri", options_.issuer + "/openid/v1/jwks"},
       {"response_types_supported", Json::array({"id_token"})},
       {"subject_types_supported", Json::array({"public"})},
       {"id_token_signing_alg_values_supported", Json::array({pki::algorithm_name(options_.key.algorithm())})}});
}

Result<Json> ServiceAccountTokens::key_set() const {
  Json set = Json::object();
  for (const pki::PublicKey& key : keys_) set.at("keys").append(SLIPWAY_TRY(key.jwk()));
  return set;
}

}  // namespace slipway::apiserver
