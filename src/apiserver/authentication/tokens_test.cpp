#include <filesystem>
#include <gmock/gmock.h>

#include "apiserver/authentication/default_service_accounts.h"
#include "apiserver/authentication/static_tokens.h"
#include "apiserver/authorization/role_aggregation.h"
#include "apiserver/test_door.h"
#include "base/files.h"
#include "pki/certificate.h"

namespace slipway::apiserver {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kIssuer = "https://issuer.example";
constexpr std::string_view kAccounts = "/api/v1/namespaces/default/serviceaccounts";
const UserInfo kAdmin{.name = "admin", .groups = {"system:masters"}};

class ServiceAccounts : public testing::Test {
 protected:
  void SetUp() override {
    policy = *AccessPolicyKeeper::start(test.registry);
    ok(201, "POST", std::string(kAccounts),
       R"({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}})");
  }
  net::HttpResponse send(const UserInfo& user, std::string method, std::string target, std::string body = "",
                         RequestHeaders headers = {}) {
    FakeResponder answer;
    serve(door, test_request(user, std::move(method), std::move(target), std::move(body), std::move(headers)), answer);
    return answer.response;
  }
  Json ok(int status, std::string method, std::string target, std::string body = "") {
    const auto answer = send(kAdmin, std::move(method), target, std::move(body));
    EXPECT_EQ(answer.status, status) << target << " " << answer.body;
    return json(answer.body);
  }
  Json request(int status, std::string_view spec = "{}", std::string_view name = "robot") {
    return ok(status, "POST", fmt::format("{}/{}/token", kAccounts, name),
              fmt::format(R"({{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}})", spec));
  }
  std::string token(std::string_view spec = "{}") { return request(201, spec).text({"status", "token"}); }
  // Who the bearer is, or the status of the refusal.
  std::string whoami(const std::string& bearer) {
    const auto answer = send({}, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                             R"({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})",
                             {{"authorization", "Bearer " + bearer}});
    if (answer.status != 201) return std::to_string(answer.status);
    return json(answer.body).text({"status", "userInfo", "username"});
  }
  Json review(const std::string& bearer, std::string_view audiences = "[]") {
    Json body = json(R"({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview"})");
    body.at("spec").set("token", bearer);
    body.at("spec").set("audiences", json(audiences));
    return ok(201, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", data::to_json(body))["status"];
  }

  registry::TestRegistry test;
  std::unique_ptr<AccessPolicyKeeper> policy;
  pki::SigningKey key = *pki::SigningKey::of_pem(*pki::generate_key(pki::KeyType::kEcP256));
  std::shared_ptr<ServiceAccountTokens> accounts = std::make_shared<ServiceAccountTokens>(
      test.registry, ServiceAccountTokenOptions{.issuer = std::string(kIssuer), .key = key, .clock = &test.clock});
  ApiServer door{test.registry, ApiServerOptions{.clock = &test.clock, .service_accounts = accounts}};
};

TEST_F(ServiceAccounts, ATokenIsItsServiceAccount) {
  const Json made = request(201);
  EXPECT_EQ(made.text({"kind"}), "TokenRequest");
  EXPECT_EQ(made["spec"], json(R"({"audiences": ["https://issuer.example"], "expirationSeconds": 3600})"));
  EXPECT_EQ(made.text({"status", "expirationTimestamp"}), base::format_rfc3339(test.clock.now() + seconds(3600)));
  const std::string bearer = made.text({"status", "token"});
  const Json account = ok(200, "GET", std::string(kAccounts) + "/robot");
  const Json claims = pki::parse_jwt(bearer)->claims;
  EXPECT_EQ(claims["kubernetes.io"],
            Json::object({{"namespace", "default"},
                          {"serviceaccount", Json::object({{"name", "robot"}, {"uid", meta::uid(account)}})}}));
  EXPECT_EQ(claims.text({"sub"}), "system:serviceaccount:default:robot");
  EXPECT_EQ(claims["exp"].integer_or(0) - claims["iat"].integer_or(0), 3600);

  EXPECT_EQ(whoami(bearer), "system:serviceaccount:default:robot");
  const Json status = review(bearer);
  EXPECT_EQ(status["authenticated"], Json(true));
  EXPECT_EQ(status["audiences"], json(R"(["https://issuer.example"])"));
  EXPECT_EQ(status["user"]["groups"],
            json(R"(["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"])"));
  EXPECT_EQ(status.text({"user", "uid"}), meta::uid(account));
  EXPECT_EQ(status.get({"user", "extra", "authentication.kubernetes.io/credential-id"}),
            Json::array({"JTI=" + claims.text({"jti"})}));
}

TEST_F(ServiceAccounts, TokensEndWithTimeAndObjects) {
  const std::string bearer = token();
  test.clock.advance(seconds(3600 + 59));
  EXPECT_EQ(whoami(bearer), "system:serviceaccount:default:robot");
  test.clock.advance(seconds(1));
  EXPECT_EQ(whoami(bearer), "401");

  const std::string fresh = token();
  EXPECT_EQ(whoami(fresh), "system:serviceaccount:default:robot");
  ok(200, "DELETE", std::string(kAccounts) + "/robot");
  EXPECT_EQ(whoami(fresh), "401");
  // Another one of the same name is not the same.
  ok(201, "POST", std::string(kAccounts),
     R"({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}})");
  EXPECT_EQ(whoami(fresh), "401");
  EXPECT_EQ(review(fresh), json(R"({"authenticated": false, "user": {}, "error": "invalid bearer token"})"));
}

TEST_F(ServiceAccounts, ATokenEndsWithItsSecret) {
  const std::string secrets = "/api/v1/namespaces/default/secrets";
  ok(201, "POST", secrets, R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}})");
  const std::string bearer = token(R"({"boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": "s"}})");
  EXPECT_EQ(whoami(bearer), "system:serviceaccount:default:robot");
  ok(200, "DELETE", secrets + "/s");
  EXPECT_EQ(whoami(bearer), "401");
}

TEST_F(ServiceAccounts, Audiences) {
  const std::string other = token(R"({"audiences": ["vault", "other"]})");
  EXPECT_EQ(whoami(other), "401");
  EXPECT_EQ(review(other)["authenticated"], Json(false));
  EXPECT_EQ(review(other, R"(["vault", "x"])")["audiences"], json(R"(["vault"])"));
  EXPECT_EQ(review(token(), R"(["vault"])")["authenticated"], Json(false));
}

TEST_F(ServiceAccounts, WrongRequests) {
  const auto why = [&](int status, std::string_view spec, std::string_view name = "robot") {
    return request(status, spec, name).text({"message"});
  };
  EXPECT_THAT(why(422, R"({"expirationSeconds": 599})"),
              HasSubstr("spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes"));
  EXPECT_THAT(why(422, R"({"expirationSeconds": 4294967297})"), HasSubstr("larger than 2^32 seconds"));
  EXPECT_EQ(why(404, "{}", "nobody"), "serviceaccounts \"nobody\" not found");
  EXPECT_THAT(why(404, R"({"boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": "s"}})"),
              HasSubstr("secrets \"s\" not found"));
  EXPECT_THAT(why(400, R"({"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "p"}})"),
              HasSubstr("cannot bind token to object of type v1, Kind=Pod"));
  EXPECT_EQ(send(kAdmin, "GET", std::string(kAccounts) + "/robot/token").status, 405);
  EXPECT_EQ(send({.name = "jane"}, "POST", std::string(kAccounts) + "/robot/token", "{}").status, 403);
  EXPECT_EQ(send({.name = "jane"}, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", "{}").status, 403);
}

TEST_F(ServiceAccounts, WrongTokensAreRefusedAndNotRepeated) {
  const std::string bearer = token();
  std::string changed = bearer;
  changed[changed.size() - 10] = changed[changed.size() - 10] == 'A' ? 'B' : 'A';
  const auto stranger = pki::SigningKey::of_pem(*pki::generate_key(pki::KeyType::kEcP256));
  const std::string foreign = *pki::sign_jwt(*stranger, pki::parse_jwt(bearer)->claims);
  testing::internal::CaptureStderr();
  for (const std::string& wrong : {changed, foreign, std::string("x"), std::string("a.b.c"), bearer + "A"})
    EXPECT_EQ(whoami(wrong), "401") << wrong;
  const std::string log = testing::internal::GetCapturedStderr();
  for (std::size_t at = bearer.find('.') + 1; at + 12 < bearer.size(); at += 40)
    EXPECT_THAT(log, Not(HasSubstr(bearer.substr(at, 12))));
  EXPECT_EQ(whoami(bearer), "system:serviceaccount:default:robot");
}

TEST_F(ServiceAccounts, OthersCanVerify) {
  const std::string bearer = token();
  const Json document = ok(200, "GET", "/.well-known/openid-configuration");
  EXPECT_EQ(document.text({"issuer"}), kIssuer);
  EXPECT_EQ(document.text({"jwks_uri"}), "https://issuer.example/openid/v1/jwks");
  const auto keys = pki::parse_key_set(send(kAdmin, "GET", "/openid/v1/jwks").body);
  ASSERT_TRUE(keys);
  EXPECT_EQ(pki::verify_jwt(*pki::parse_jwt(bearer), *keys), pki::SignatureVerdict::kVerified);
  // Every ServiceAccount may read them, nobody else without a role.
  EXPECT_EQ(send({}, "GET", "/openid/v1/jwks", "", {{"authorization", "bearer " + bearer}}).status, 200);
  EXPECT_EQ(send({.name = "jane"}, "GET", "/openid/v1/jwks").status, 403);
  EXPECT_THAT(send(kAdmin, "GET", "/api/v1").body, HasSubstr("\"serviceaccounts/token\""));
}

TEST_F(ServiceAccounts, EveryNamespaceHasADefaultOne) {
  const auto keeper = DefaultServiceAccounts::start(test.registry);
  ASSERT_TRUE(keeper);
  ok(200, "GET", std::string(kAccounts) + "/default");
  const auto appears = [&](const std::string& path) {
    const auto until = std::chrono::steady_clock::now() + seconds(20);
    while (std::chrono::steady_clock::now() < until) {
      if (send(kAdmin, "GET", path).status == 200) return true;
      std::this_thread::yield();
    }
    return false;
  };
  ok(201, "POST", "/api/v1/namespaces", R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}})");
  EXPECT_TRUE(appears("/api/v1/namespaces/a/serviceaccounts/default"));
  ok(200, "DELETE", "/api/v1/namespaces/a/serviceaccounts/default");
  EXPECT_TRUE(appears("/api/v1/namespaces/a/serviceaccounts/default"));
}

TEST(VerifiedTokens, AreBoundedInTimeAndNumber) {
  base::ManualClock clock;
  VerifiedTokens verified(clock, seconds(10), 3);
  for (const char* token : {"a", "b", "c", "a", "d"}) verified.put(token, Json::object({{"t", token}}));
  EXPECT_EQ(verified.size(), 3u);
  EXPECT_EQ(verified.find("a"), nullptr);
  ASSERT_NE(verified.find("d"), nullptr);
  EXPECT_EQ(verified.find("d")->text({"t"}), "d");
  clock.advance(seconds(10));
  EXPECT_EQ(verified.find("d"), nullptr);
}

struct TokenFileRow {
  const char* text;
  const char* expected;  // "name uid group group; ..." or the error
};
class TokenFile : public testing::TestWithParam<TokenFileRow> {};

TEST_P(TokenFile, IsRead) {
  const auto tokens = parse_token_file(GetParam().text);
  std::string told;
  if (tokens) {
    for (const StaticToken& token : *tokens) {
      told += fmt::format("{}{} {}", told.empty() ? "" : "; ", token.user.name, token.user.uid);
      for (const std::string& group : token.user.groups) told += " " + group;
    }
  } else {
    told = tokens.error().message();
  }
  EXPECT_EQ(told, GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    All, TokenFile,
    testing::Values(TokenFileRow{"", ""}, TokenFileRow{"# nobody\n\n", ""}, TokenFileRow{"t,jane,1", "jane 1"},
                    TokenFileRow{"t,jane,1\r\nu,joe,2\n", "jane 1; joe 2"},
                    TokenFileRow{"t,jane,1,\"a,b\"\nu,joe,,c", "jane 1 a b; joe  c"},
                    TokenFileRow{"t,\"ja\"\"ne\",1", "ja\"ne 1"}, TokenFileRow{"t, jane, 1", "jane 1"},
                    TokenFileRow{"secret,jane",
                                 "line 1 of the token file: it must be TOKEN,USER,UID or "
                                 "TOKEN,USER,UID,\"GROUP1,GROUP2\""},
                    TokenFileRow{"t,jane,1,a,b",
                                 "line 1 of the token file: it must be TOKEN,USER,UID or "
                                 "TOKEN,USER,UID,\"GROUP1,GROUP2\""},
                    TokenFileRow{"#\n,jane,1", "line 2 of the token file: the token is empty"},
                    TokenFileRow{"t,,1", "line 1 of the token file: the user is empty"},
                    TokenFileRow{"t,jane,1\nt,joe,2",
                                 "line 2 of the token file: the token stands on an earlier line already"},
                    TokenFileRow{"t,\"jane,1", "line 1 of the token file: a quotation mark is not closed"},
                    TokenFileRow{"t,ja\"ne,1", "line 1 of the token file: a quotation mark stands where none may be"}));

TEST(StaticTokens, FollowTheirFile) {
  const auto folder = base::TemporaryFolder::create();
  const std::filesystem::path path = folder->path() / "tokens.csv";
  base::ManualClock clock;
  EXPECT_FALSE(StaticTokens::open(path, clock));
  ASSERT_TRUE(base::write_file_atomically(path, "one,jane,1,people\n", 0644));
  const auto open_to_all = StaticTokens::open(path, clock);
  ASSERT_FALSE(open_to_all);
  EXPECT_THAT(open_to_all.error().message(), HasSubstr("can be read or written by others"));
  ASSERT_TRUE(base::write_file_atomically(path, "one,jane,1,people\n", 0600));
  const auto tokens = StaticTokens::open(path, clock);
  ASSERT_TRUE(tokens) << tokens.error().message();
  const auto who = [&](std::string_view token) {
    clock.advance(seconds(1));
    const auto verdict = (*tokens)->authenticate(token, {});
    return verdict && *verdict ? (*verdict)->user.name : std::string();
  };
  EXPECT_EQ(who("one"), "jane");
  EXPECT_EQ(who("two"), "");
  ASSERT_TRUE(base::write_file_atomically(path, "two,joe,2\n", 0600));
  EXPECT_EQ(who("two"), "joe");
  EXPECT_EQ(who("one"), "");
  // Broken, open to others, gone: what was read last stays.
  ASSERT_TRUE(base::write_file_atomically(path, "three\n", 0600));
  EXPECT_EQ(who("two"), "joe");
  ASSERT_TRUE(base::write_file_atomically(path, "three,eve,3\n", 0644));
  EXPECT_EQ(who("three"), "");
  std::filesystem::remove(path);
  EXPECT_EQ(who("two"), "joe");
}

}  // namespace
}  // namespace slipway::apiserver
