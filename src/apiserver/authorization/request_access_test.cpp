#include "apiserver/authorization/request_access.h"

#include <gtest/gtest.h>

#include "apiserver/authentication/authenticator.h"

namespace slipway::apiserver {
namespace {

using base::ErrorCode;

net::HttpRequest request_for(std::string method, std::string path, std::string field_selector = "") {
  net::HttpRequest request;
  request.method = std::move(method);
  request.path = std::move(path);
  if (!field_selector.empty()) request.query.emplace("fieldSelector", std::move(field_selector));
  return request;
}

UserInfo user_of(std::string name, std::vector<std::string> groups) {
  return {.name = std::move(name), .groups = std::move(groups)};
}

struct Row {
  std::string method, path, fields;
  std::string verb, group, resource, subresource, name, ns;
  std::string message;
};

class RequestAccess : public testing::TestWithParam<Row> {};

TEST_P(RequestAccess, ReadsARequestAsKubeApiserver) {
  const Row& row = GetParam();
  net::HttpRequest request = request_for(row.method, row.path, row.fields);
  if (row.verb == "watch") request.query.emplace("watch", "1");
  const RequestPath path = parse_request_path(request.path);
  const UserInfo user = user_of("jane", {});
  const std::string verb = verb_of(request, path);
  const std::string name = selected_name(request);
  const AccessAttributes attributes = attributes_of(user, verb, request, path, name);
  EXPECT_EQ(attributes.verb, row.verb);
  EXPECT_EQ(attributes.is_resource, !row.resource.empty());
  EXPECT_EQ(attributes.group, row.group);
  EXPECT_EQ(attributes.resource, row.resource);
  EXPECT_EQ(attributes.subresource, row.subresource);
  EXPECT_EQ(attributes.name, row.name);
  EXPECT_EQ(attributes.ns, row.ns);
  AuthorizerChain nobody({});
  const auto refused = check_access(nobody, attributes);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kForbidden);
  EXPECT_EQ(refused.error().message(), row.message);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RequestAccess,
    testing::Values(
        Row{"GET", "/apis/example.com/v1/namespaces/a/widgets/w", "", "get", "example.com", "widgets", "", "w", "a",
            R"(widgets.example.com "w" is forbidden: User "jane" cannot get resource "widgets" in API group "example.com" in the namespace "a")"},
        Row{"GET", "/api/v1/secrets", "", "list", "", "secrets", "", "", "",
            R"(secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" at the cluster scope)"},
        Row{"GET", "/api/v1/secrets", "metadata.name=s", "list", "", "secrets", "", "s", "",
            R"(secrets "s" is forbidden: User "jane" cannot list resource "secrets" in API group "" at the cluster scope)"},
        Row{"GET", "/api/v1/namespaces/a/secrets", "type=x,metadata.name=s", "watch", "", "secrets", "", "s", "a",
            R"(secrets "s" is forbidden: User "jane" cannot watch resource "secrets" in API group "" in the namespace "a")"},
        Row{"GET", "/api/v1/secrets", "metadata.name!=s", "list", "", "secrets", "", "", "",
            R"(secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" at the cluster scope)"},
        Row{"DELETE", "/api/v1/namespaces/a/secrets", "metadata.name=s", "deletecollection", "", "secrets", "", "", "a",
            R"(secrets is forbidden: User "jane" cannot deletecollection resource "secrets" in API group "" in the namespace "a")"},
        Row{"GET", "/api/v1/namespaces/a", "", "get", "", "namespaces", "", "a", "a",
            R"(namespaces "a" is forbidden: User "jane" cannot get resource "namespaces" in API group "" in the namespace "a")"},
        Row{"PUT", "/api/v1/namespaces/a/finalize", "", "update", "", "namespaces", "finalize", "a", "a",
            R"(namespaces "a" is forbidden: User "jane" cannot update resource "namespaces/finalize" in API group "" in the namespace "a")"},
        Row{"PATCH", "/apis/example.com/v1/namespaces/a/widgets/w/status", "", "patch", "example.com", "widgets",
            "status", "w", "a",
            R"(widgets.example.com "w" is forbidden: User "jane" cannot patch resource "widgets/status" in API group "example.com" in the namespace "a")"},
        Row{"OPTIONS", "/api/v1/secrets", "", "", "", "secrets", "", "", "",
            R"(secrets is forbidden: User "jane" cannot  resource "secrets" in API group "" at the cluster scope)"},
        Row{"HEAD", "/openapi/<v3>", "", "head", "", "", "", "", "",
            R"(forbidden: User "jane" cannot head path "/openapi/&lt;v3&gt;")"},
        Row{"GET", "/apis/example.com/v1", "", "get", "", "", "", "", "",
            R"(forbidden: User "jane" cannot get path "/apis/example.com/v1")"}));

TEST(Authentication, ByCertificate) {
  const RequestAuthentication authentication({std::make_shared<ClientCertificateAuthenticator>()}, true);
  net::HttpRequest request = request_for("GET", "/");
  EXPECT_EQ(*authentication.authenticate(request), user_of("system:anonymous", {"system:unauthenticated"}));
  request.has_certificate = true;
  request.certificate = {.common_name = "jane", .organizations = {"people"}, .sha256_fingerprint = "ab"};
  UserInfo jane = user_of("jane", {"people", "system:authenticated"});
  jane.extra["authentication.kubernetes.io/credential-id"] = {"X509SHA256=ab"};
  EXPECT_EQ(*authentication.authenticate(request), jane);
  request.certificate.common_name = "";
  EXPECT_EQ(authentication.authenticate(request)->name, "system:anonymous");
}

TEST(Authentication, WrongCredentialsAreNotNone) {
  class Broken final : public Authenticator {
    base::Result<std::optional<UserInfo>> authenticate(const net::HttpRequest& request) override {
      if (!request.header("authorization").empty()) return base::fail(ErrorCode::kUnauthorized, "expired");
      return std::optional<UserInfo>();
    }
  };
  const RequestAuthentication certificates({std::make_shared<ClientCertificateAuthenticator>()}, true);
  const RequestAuthentication both({std::make_shared<Broken>(), std::make_shared<ClientCertificateAuthenticator>()},
                                   true);
  const RequestAuthentication strict({}, false);
  net::HttpRequest request = request_for("GET", "/");
  EXPECT_EQ(strict.authenticate(request).error().code(), ErrorCode::kUnauthorized);
  request.headers.emplace_back("authorization", "Bearer x");
  EXPECT_EQ(certificates.authenticate(request).error().message(), "invalid bearer token");
  EXPECT_EQ(both.authenticate(request).error().message(), "expired");
  request.has_certificate = true;
  request.certificate.common_name = "jane";
  EXPECT_EQ(both.authenticate(request)->name, "jane");
}

TEST(Authorizers, ByGroupAndPath) {
  AuthorizerChain chain({std::make_shared<GroupAuthorizer>("machines", Decision::kDeny),
                         std::make_shared<GroupAuthorizer>("system:masters", Decision::kAllow),
                         std::make_shared<PathAuthorizer>(std::vector<std::string>{"/healthz"})});
  const auto decide = [&](const UserInfo& user, std::string_view verb, std::string_view path) {
    return chain.authorize({.user = user, .verb = verb, .path = path}).decision;
  };
  const UserInfo anonymous = user_of("system:anonymous", {"system:unauthenticated"});
  EXPECT_EQ(decide(anonymous, "get", "/healthz"), Decision::kAllow);
  EXPECT_EQ(decide(anonymous, "post", "/healthz"), Decision::kNoOpinion);
  EXPECT_EQ(decide(anonymous, "get", "/metrics"), Decision::kNoOpinion);
  EXPECT_EQ(decide(user_of("admin", {"system:masters"}), "post", "/metrics"), Decision::kAllow);
  EXPECT_EQ(decide(user_of("host", {"machines", "system:masters"}), "get", "/healthz"), Decision::kDeny);
}

}  // namespace
}  // namespace slipway::apiserver
