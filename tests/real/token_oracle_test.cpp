#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "apiserver/authentication/service_account_tokens.h"
#include "base/subprocess.h"
#include "data/encoding.h"
#include "data/json_text.h"
#include "pki/certificate.h"
#include "registry/test_registry.h"

// Tokens of ServiceAccounts beside the code of kube-apiserver (tests/real/oracles/tokens): the same ones hold, for the
// same users, and each side takes what the other one made.
namespace slipway::real {
namespace {

using data::Json;
using registry::json;

constexpr std::string_view kIssuer = "https://issuer.example";

class TokenOracle : public testing::Test {
 protected:
  Json make(std::string_view plural, std::string_view name) {
    const auto kind = test.registry.catalog().find("", "v1", plural);
    const auto made = test.registry.create(*kind, meta::make_object(kind->gvk(), {"default", std::string(name)}));
    EXPECT_TRUE(made);
    return **made;
  }
  // The claims of a good token with these changes (null takes away), signed by the right key.
  std::string changed(std::string_view changes) {
    const std::int64_t now =
        std::chrono::duration_cast<std::chrono::seconds>(base::SystemClock::instance().now().time_since_epoch())
            .count();
    Json claims = pki::parse_jwt(good)->claims;
    const Json members = json(changes);
    for (const auto& [name, value] : members.members()) {
      // A time is told as seconds from now.
      const bool is_time = name == "exp" || name == "nbf" || name == "iat";
      if (value.is_null()) {
        claims.erase(name);
      } else if (is_time && value.is_integer()) {
        claims.set(name, now + value.integer_or(0));
      } else {
        claims.set(name, value);
      }
    }
    return *pki::sign_jwt(key, claims);
  }
  Json about(std::string_view member, std::string_view field, std::string_view value) {
    Json private_claims = pki::parse_jwt(bound)->claims["kubernetes.io"];
    if (field.empty()) {
      private_claims.set(member, value);
    } else {
      private_claims.at(member).set(field, value);
    }
    return Json::object({{"kubernetes.io", private_claims}});
  }

  registry::TestRegistry test;
  const std::string key_pem = *pki::generate_key(pki::KeyType::kEcP256);
  const pki::SigningKey key = *pki::SigningKey::of_pem(key_pem);
  apiserver::ServiceAccountTokens tokens{test.registry, {.issuer = std::string(kIssuer), .key = key}};
  std::string good, bound;
};

TEST_F(TokenOracle, TheSameTokensHoldForTheSameUsers) {
  const auto program = std::filesystem::path(SLIPWAY_SOURCE_FOLDER) / "build/real/bin/tokens-oracle";
  if (!std::filesystem::exists(program)) GTEST_SKIP() << "tests/real/build-oracles has not built " << program;
  const Json account = make("serviceaccounts", "robot");
  const Json secret = make("secrets", "s");
  good = tokens.issue({"default", "robot"}, Json::object())->text({"status", "token"});
  bound = tokens
              .issue({"default", "robot"},
                     json(R"({"spec": {"boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": "s"}}})"))
              ->text({"status", "token"});
  std::vector<std::string> asked{good, bound, "", "x", "a.b.c", good + "A", good.substr(0, good.size() - 4)};
  for (const char* changes :
       {R"({"exp": -30})", R"({"exp": -90})", R"({"nbf": 30})", R"({"nbf": 90})", R"({"iat": 30})", R"({"iat": 90})",
        R"({"exp": "soon"})", R"({"aud": "https://issuer.example"})", R"({"aud": "other"})",
        R"({"aud": ["other", "https://issuer.example"]})", R"({"iss": "https://other.example"})", R"({"iss": null})",
        R"({"jti": null})", R"({"nbf": null})", R"({"iat": null})", R"({"kubernetes.io": null})",
        R"({"kubernetes.io": {}})", R"({"exp": 4294967296})"})
    asked.push_back(changed(changes));
  for (const Json& changes :
       {about("namespace", "", "other"), about("serviceaccount", "name", "other"), about("serviceaccount", "uid", "x"),
        about("secret", "name", "other"), about("secret", "uid", "x")})
    asked.push_back(changed(data::to_json(changes)));
  const std::string payload = good.substr(good.find('.'), good.rfind('.') - good.find('.'));
  asked.push_back(data::base64url_encode(R"({"alg":"none"})") + payload + ".");
  asked.push_back(data::base64url_encode(R"({"alg":"ES256"})") + payload + good.substr(good.rfind('.')));
  asked.push_back(*pki::sign_jwt(*pki::SigningKey::of_pem(*pki::generate_key(pki::KeyType::kEcP256)),
                                 pki::parse_jwt(good)->claims));
  asked.push_back(*pki::sign_jwt(*pki::SigningKey::of_pem(*pki::generate_key(pki::KeyType::kRsa2048)),
                                 pki::parse_jwt(good)->claims));

  Json question = Json::object({{"keyPEM", key_pem},
                                {"issuer", kIssuer},
                                {"namespace", "default"},
                                {"name", "robot"},
                                {"uid", meta::uid(account)},
                                {"secret", "s"},
                                {"secretUID", meta::uid(secret)}});
  for (const std::string& token : asked) question.at("tokens").append(token);
  const auto ran = base::run_process({.argv = {program.string()}, .input = data::to_json(question)});
  ASSERT_TRUE(ran) << ran.error().message();
  ASSERT_EQ(ran->exit_code, 0) << ran->standard_error.substr(0, 4'000);
  const Json theirs = json(ran->standard_output);
  ASSERT_EQ(theirs["answers"].size(), asked.size());
  int hold = 0;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const Json& answer = theirs["answers"].items()[i];
    const auto ours = tokens.authenticate(asked[i], {std::string(kIssuer)});
    const bool holds = ours && *ours;
    EXPECT_EQ(holds, answer["ok"].bool_or(false))
        << i << ": " << answer.text({"error"}) << " / " << (ours ? "" : ours.error().message());
    if (!holds || !answer["ok"].bool_or(false)) continue;
    ++hold;
    const apiserver::UserInfo& user = (*ours)->user;
    EXPECT_EQ(user.name, answer.text({"name"}));
    EXPECT_EQ(user.uid, answer.text({"uid"}));
    Json groups = Json::array(), extra = Json::object();
    for (const std::string& group : user.groups) groups.append(group);
    for (const auto& [name, values] : user.extra)
      for (const std::string& value : values) extra.at(name).append(value);
    EXPECT_EQ(groups, answer["groups"]);
    if (!answer["extra"].empty() || !extra.empty()) {
      EXPECT_EQ(extra, answer["extra"]);
    }
  }
  EXPECT_GE(hold, 8);

  for (const Json& made : theirs["made"].items()) {
    const auto ours = tokens.authenticate(made.string_or_empty(), {std::string(kIssuer)});
    ASSERT_TRUE(ours) << ours.error().message();
    EXPECT_TRUE(ours->has_value());
  }
  EXPECT_EQ(theirs["made"].size(), 2u);
  // A kept difference: kube-apiserver takes a token without audience, as old ones were, for its own.
  EXPECT_FALSE(tokens.authenticate(changed(R"({"aud": null})"), {std::string(kIssuer)}));
  EXPECT_EQ(theirs.text({"keyID"}), key.public_key().id());
  const auto confused = tokens.authenticate(theirs.text({"confused"}), {std::string(kIssuer)});
  EXPECT_FALSE(confused && *confused);
}

}  // namespace
}  // namespace slipway::real
