#include "apiserver/authentication/oidc_tokens.h"

#include <gmock/gmock.h>

#include "data/json_text.h"
#include "pki/certificate.h"
#include "registry/test_registry.h"

namespace slipway::apiserver {
namespace {

using data::Json;
using registry::json;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr std::string_view kIssuer = "https://login.example/realm";

// An issuer without a network: its documents, as long as it is reachable.
struct Issuer {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<pki::SigningKey> keys{made_key()};
  std::string name{kIssuer};
  bool reachable = true;
  int asked = 0;

  static pki::SigningKey made_key() { return *pki::SigningKey::of_pem(*pki::generate_key(pki::KeyType::kRsa2048)); }
  base::Result<std::string> fetch(const std::string& url) {
    const std::lock_guard lock(mutex);
    ++asked;
    changed.notify_all();
    if (!reachable) return base::fail(base::ErrorCode::kUnavailable, "no way there");
    if (url == std::string(kIssuer) + "/.well-known/openid-configuration")
      return data::to_json(Json::object({{"issuer", name}, {"jwks_uri", "https://keys.example/jwks"}}));
    if (url != "https://keys.example/jwks") return base::fail(base::ErrorCode::kNotFound, url);
    Json set = Json::object();
    for (const pki::SigningKey& key : keys) set.at("keys").append(*key.public_key().jwk());
    return data::to_json(set);
  }
  bool wait_asked(int times) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, seconds(20), [&] { return asked >= times; });
  }
  void rotate() {
    const pki::SigningKey next = made_key();
    const std::lock_guard lock(mutex);
    keys = {next};
  }
};

class Oidc : public testing::Test {
 protected:
  void start(OidcOptions changes = {}) {
    changes.issuer_url = kIssuer;
    changes.client_id = "slipway";
    tokens = std::make_unique<OidcTokens>(changes, [this](const std::string& url) { return issuer.fetch(url); }, clock);
  }
  Json claims(std::string_view more = "{}") {
    const std::int64_t now = std::chrono::duration_cast<seconds>(clock.now().time_since_epoch()).count();
    Json out = Json::object({{"iss", kIssuer}, {"aud", "slipway"}, {"sub", "jane"}, {"exp", now + 300}, {"iat", now}});
    const Json changes = json(more);
    for (const auto& [key, value] : changes.members())
      if (value.is_null()) {
        out.erase(key);
      } else {
        out.set(key, value);
      }
    return out;
  }
  std::string sign(std::string_view more = "{}") { return *pki::sign_jwt(issuer.keys.front(), claims(more)); }
  // The user's name, "nobody" (somebody else's token) or why not.
  std::string who(const std::string& token) {
    const auto verdict = tokens->authenticate(token, {});
    if (!verdict) return verdict.error().message();
    return *verdict ? (*verdict)->user.name : "nobody";
  }

  base::ManualClock clock;
  Issuer issuer;
  std::unique_ptr<OidcTokens> tokens;
};

TEST_F(Oidc, ATokenIsItsUser) {
  start();
  EXPECT_EQ(who(sign()), "https://login.example/realm#jane");
  EXPECT_EQ(who(sign(R"({"aud": ["x", "slipway"]})")), "https://login.example/realm#jane");
  EXPECT_EQ(who(sign(R"({"iss": "https://other.example"})")), "nobody");
  EXPECT_EQ(who("opaque"), "nobody");
  EXPECT_EQ(who(sign(R"({"aud": "other"})")), "an OIDC token is for another client");
  EXPECT_EQ(who(sign(R"({"exp": 1})")), "an OIDC token: the token has expired");
  EXPECT_EQ(who(sign(R"({"exp": null})")), "an OIDC token: the token never expires");
  // The right name of a key, and another key.
  std::string token = sign();
  token[token.size() - 20] = token[token.size() - 20] == 'A' ? 'B' : 'A';
  EXPECT_EQ(who(token), "the signature of an OIDC token is wrong");
}

TEST_F(Oidc, AVerifiedTokenStillExpires) {
  start();
  const std::string token = sign();
  EXPECT_EQ(who(token), "https://login.example/realm#jane");
  EXPECT_EQ(who(token), "https://login.example/realm#jane");
  clock.advance(seconds(360));
  EXPECT_EQ(who(token), "an OIDC token: the token has expired");
}

TEST_F(Oidc, OnlyChosenAlgorithmsCount) {
  start({.algorithms = {pki::SignatureAlgorithm::kEs256}});
  EXPECT_EQ(who(sign()), "the signature of an OIDC token is wrong");
}

TEST_F(Oidc, NewKeysAreFetchedButNotAtEveryBadToken) {
  start();
  EXPECT_EQ(who(sign()), "https://login.example/realm#jane");
  const int asked = issuer.asked;
  issuer.rotate();
  const std::string fresh = sign();
  // Too early after the last time.
  EXPECT_EQ(who(fresh), "no key of the OIDC issuer made the token");
  EXPECT_EQ(who(fresh), "no key of the OIDC issuer made the token");
  EXPECT_EQ(issuer.asked, asked);
  clock.advance(seconds(10));
  EXPECT_EQ(who(fresh), "https://login.example/realm#jane");
  EXPECT_EQ(issuer.asked, asked + 2);
}

TEST_F(Oidc, AnIssuerThatCannotBeReachedIsAskedAgain) {
  issuer.reachable = false;
  start();
  ASSERT_TRUE(issuer.wait_asked(1));
  EXPECT_EQ(who(sign()), "no key of the OIDC issuer made the token");
  {
    const std::lock_guard lock(issuer.mutex);
    issuer.reachable = true;
  }
  clock.advance(seconds(10));
  ASSERT_TRUE(issuer.wait_asked(2));
  EXPECT_EQ(who(sign()), "https://login.example/realm#jane");
}

TEST_F(Oidc, AnotherIssuersDocumentIsRefused) {
  issuer.name = "https://evil.example";
  start();
  EXPECT_EQ(who(sign()), "no key of the OIDC issuer made the token");
}

struct UserRow {
  OidcOptions options;
  const char* claims;
  const char* expected;  // "name group group" or why not
};
class OidcUser : public testing::TestWithParam<UserRow> {};

TEST_P(OidcUser, IsNamedByClaims) {
  OidcOptions options = GetParam().options;
  options.issuer_url = "https://i";
  const auto user = oidc_user(options, json(GetParam().claims));
  std::string told = user ? user->name : user.error().message();
  if (user)
    for (const std::string& group : user->groups) told += " " + group;
  EXPECT_EQ(told, GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    All, OidcUser,
    testing::Values(UserRow{{}, R"({"sub": "a"})", "https://i#a"},
                    UserRow{{.username_prefix = "-"}, R"({"sub": "a"})", "a"},
                    UserRow{{.username_prefix = "o:"}, R"({"sub": "a", "groups": ["g"]})", "o:a"},
                    UserRow{{}, R"({"sub": 1})", "an OIDC token has no text in the claim of the user's name"},
                    UserRow{{.username_claim = "email"}, R"({"email": "a@b"})", "a@b"},
                    UserRow{{.username_claim = "email"}, R"({"email": "a@b", "email_verified": true})", "a@b"},
                    UserRow{{.username_claim = "email"},
                            R"({"email": "a@b", "email_verified": false})",
                            "the e-mail address of an OIDC token is not verified"},
                    UserRow{{.username_claim = "email"},
                            R"({"email": "a@b", "email_verified": "true"})",
                            "the e-mail address of an OIDC token is not verified"},
                    UserRow{{.groups_claim = "groups", .groups_prefix = "o:"},
                            R"({"sub": "a", "groups": ["g", "h"]})",
                            "https://i#a o:g o:h"},
                    UserRow{{.groups_claim = "groups"}, R"({"sub": "a", "groups": "g"})", "https://i#a g"},
                    UserRow{{.groups_claim = "groups"}, R"({"sub": "a"})", "https://i#a"},
                    UserRow{{.groups_claim = "groups"},
                            R"({"sub": "a", "groups": [1]})",
                            "the groups of an OIDC token are no texts"},
                    UserRow{{.groups_claim = "groups"},
                            R"({"sub": "a", "groups": {"g": 1}})",
                            "the groups of an OIDC token are neither a text nor a list"},
                    UserRow{{.required_claims = {{"hd", "x"}}}, R"({"sub": "a", "hd": "x"})", "https://i#a"},
                    UserRow{{.required_claims = {{"hd", "x"}}},
                            R"({"sub": "a", "hd": "y"})",
                            "an OIDC token lacks the required claim hd"}));

TEST(OidcOptions, WrongOnesNameTheirFlag) {
  OidcOptions options{.issuer_url = "http://i", .client_id = "c"};
  EXPECT_THAT(check_oidc_options(options).error().message(), HasSubstr("--oidc-issuer-url"));
  options.issuer_url = "https://i";
  EXPECT_TRUE(check_oidc_options(options));
  options.client_id.clear();
  EXPECT_THAT(check_oidc_options(options).error().message(), HasSubstr("--oidc-client-id"));
}

}  // namespace
}  // namespace slipway::apiserver
