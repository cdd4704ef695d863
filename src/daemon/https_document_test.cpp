#include "daemon/https_document.h"

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "apiserver/authentication/oidc_tokens.h"
#include "data/json_text.h"
#include "net/http_server.h"
#include "pki/certificate.h"

namespace slipway::daemon {
namespace {

using data::Json;
using std::chrono::seconds;
using ::testing::HasSubstr;

// An OpenID Connect issuer over HTTPS in this process.
class IssuerServer : public testing::Test {
 protected:
  void SetUp() override {
    const auto now = base::SystemClock::instance().now();
    ca = *pki::create_ca({"issuer-ca", {}}, pki::KeyType::kEcP256, std::chrono::hours(1), now);
    const auto serving =
        *pki::issue(ca, {.subject = {"issuer", {}}, .ip_addresses = {"127.0.0.1"}, .lifetime = std::chrono::hours(1)},
                    pki::KeyType::kEcP256, now);
    auto started = net::HttpServer::start(
        {.address = "127.0.0.1",
         .port = 0,
         .tls = {.certificate_pem = serving.certificate_pem, .key_pem = serving.key_pem}},
        [this](const net::HttpRequest& request, net::Responder& responder) { responder.send(answer(request.path)); });
    ASSERT_TRUE(started) << started.error().message();
    server = std::move(*started);
  }
  void TearDown() override { server->stop(std::chrono::milliseconds(100)); }
  std::string url() const { return fmt::format("https://127.0.0.1:{}/realm", server->port()); }
  net::HttpResponse answer(const std::string& path) const {
    if (path == "/realm/.well-known/openid-configuration")
      return {200, {}, data::to_json(Json::object({{"issuer", url()}, {"jwks_uri", url() + "/keys"}}))};
    if (path == "/realm/keys")
      return {200, {}, data::to_json(Json::object({{"keys", Json::array({*key.public_key().jwk()})}}))};
    if (path == "/elsewhere") return {302, {{"location", url() + "/keys"}}, ""};
    if (path == "/large") return {200, {}, std::string(2u << 20, 'x')};
    return {404, {}, ""};
  }
  std::string root() const { return fmt::format("https://127.0.0.1:{}", server->port()); }

  pki::KeyAndCertificate ca;
  pki::SigningKey key = *pki::SigningKey::of_pem(*pki::generate_key(pki::KeyType::kEcP256));
  std::unique_ptr<net::HttpServer> server;
};

TEST_F(IssuerServer, TokensOfAnIssuerOverHttpsVerify) {
  apiserver::OidcTokens tokens(
      {.issuer_url = url(), .client_id = "slipway", .algorithms = {pki::SignatureAlgorithm::kEs256}},
      [this](const std::string& document) { return fetch_https_document(document, ca.certificate_pem); });
  const std::int64_t now =
      std::chrono::duration_cast<seconds>(base::SystemClock::instance().now().time_since_epoch()).count();
  const auto token =
      pki::sign_jwt(key, Json::object({{"iss", url()}, {"aud", "slipway"}, {"sub", "jane"}, {"exp", now + 300}}));
  ASSERT_TRUE(token);
  // The keys come over the network; a request waits a few seconds for them at most.
  const auto until = std::chrono::steady_clock::now() + seconds(30);
  auto verdict = tokens.authenticate(*token, {});
  while (!verdict && std::chrono::steady_clock::now() < until) verdict = tokens.authenticate(*token, {});
  ASSERT_TRUE(verdict) << verdict.error().message();
  ASSERT_TRUE(verdict->has_value());
  EXPECT_EQ((*verdict)->user.name, url() + "#jane");
}

TEST_F(IssuerServer, OnlyAWholeDocumentOfTheRightServerIsTaken) {
  EXPECT_TRUE(fetch_https_document(url() + "/keys", ca.certificate_pem));
  const auto other = pki::create_ca({"other-ca", {}}, pki::KeyType::kEcP256, std::chrono::hours(1),
                                    base::SystemClock::instance().now());
  EXPECT_FALSE(fetch_https_document(url() + "/keys", other->certificate_pem));
  EXPECT_FALSE(fetch_https_document(url() + "/keys", ""));
  EXPECT_FALSE(fetch_https_document("http://127.0.0.1/keys", ca.certificate_pem));
  EXPECT_FALSE(fetch_https_document(root() + "/large", ca.certificate_pem));
  const auto redirected = fetch_https_document(root() + "/elsewhere", ca.certificate_pem);
  ASSERT_FALSE(redirected);
  EXPECT_THAT(redirected.error().message(), HasSubstr("HTTP status 302"));
}

}  // namespace
}  // namespace slipway::daemon
