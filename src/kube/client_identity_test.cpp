#include "kube/client_identity.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/files.h"
#include "data/json_text.h"
#include "kube/exec_identity.h"
#include "pki/certificate.h"

namespace slipway::kube {
namespace {

using base::ErrorCode;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kVersion = "client.authentication.k8s.io/v1";

class ClientIdentityTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    ASSERT_TRUE(base::write_file_atomically(folder_.path() / name, text, mode));
  }
  std::string path(const std::string& name) const { return folder_.path() / name; }
  std::string read(const std::string& name) const { return base::read_file(folder_.path() / name).value_or(""); }

  // A plugin that counts its runs in a file and prints what `credential` holds.
  std::unique_ptr<IdentitySource> plugin(const std::string& script) {
    write("plugin", "#!/bin/sh\necho run >> " + path("runs") + "\n" + script + "\n", 0700);
    config_.exec = pki::ExecPlugin{.api_version = kVersion, .command = path("plugin")};
    return identity_source(config_, clock_);
  }
  std::unique_ptr<IdentitySource> printing_plugin(const std::string& status) {
    print(status);
    return plugin("cat " + path("credential"));
  }
  void print(const std::string& status) {
    write("credential",
          fmt::format(R"({{"apiVersion": "{}", "kind": "ExecCredential", "status": {}}})", kVersion, status));
  }
  std::size_t runs() const { return read("runs").size() / 4; }

  base::TemporaryFolder folder_ = *base::TemporaryFolder::create("slipway-identity");
  base::ManualClock clock_;
  pki::Kubeconfig config_;
};

TEST_F(ClientIdentityTest, ATokenFileIsReadAgainWhenItChanges) {
  config_.token_file = path("token");
  const auto source = identity_source(config_, clock_);
  EXPECT_EQ(source->current().error().code(), ErrorCode::kUnauthorized);
  write("token", " one\n");
  const IdentityPtr first = source->current().value();
  EXPECT_EQ(first->bearer_token, "one");
  EXPECT_EQ(source->current().value(), first);
  EXPECT_FALSE(source->refused(first));
  write("token", "two\n");
  EXPECT_EQ(source->current().value()->bearer_token, "two");
  EXPECT_TRUE(source->refused(first)) << "another one is there already";
  ASSERT_EQ(::unlink(path("token").c_str()), 0);
  EXPECT_EQ(source->current().value()->bearer_token, "two") << "the last one that could be read";
  write("token", "a\nb");
  EXPECT_EQ(source->current().value()->bearer_token, "two");
}

TEST_F(ClientIdentityTest, TheTokenOfTheFileComesBeforeTheEmbeddedOne) {
  config_.token = "embedded";
  config_.token_file = path("token");
  const auto source = identity_source(config_, clock_);
  EXPECT_EQ(source->current().value()->bearer_token, "embedded");
  write("token", "file");
  EXPECT_EQ(source->current().value()->bearer_token, "file");
}

TEST_F(ClientIdentityTest, APluginRunsOnceUntilItsCredentialExpires) {
  const auto source = printing_plugin(
      fmt::format(R"({{"token": "one", "expirationTimestamp": "{}"}})", base::format_rfc3339(clock_.now() + 60s)));
  EXPECT_EQ(runs(), 0u);
  EXPECT_EQ(source->current().value()->bearer_token, "one");
  clock_.advance(59s);
  EXPECT_EQ(source->current().value()->bearer_token, "one");
  EXPECT_EQ(runs(), 1u);
  clock_.advance(2s);
  print(R"({"token": "two"})");
  const IdentityPtr second = source->current().value();
  EXPECT_EQ(second->bearer_token, "two");
  clock_.advance(10000h);
  EXPECT_EQ(source->current().value(), second) << "without a time it does not expire";
  EXPECT_EQ(runs(), 2u);
  EXPECT_TRUE(source->refused(second));
  EXPECT_TRUE(source->refused(second)) << "by two requests at once";
  EXPECT_EQ(source->current().value()->bearer_token, "two");
  EXPECT_EQ(runs(), 3u);
}

TEST_F(ClientIdentityTest, APluginKnowsWhatItIsFor) {
  plugin("env > " + path("env") + "; echo \"$1|$2\" > " + path("args") + "; cat > " + path("input"));
  config_.exec->arguments = {"a b", "$HOME"};
  config_.exec->environment = {{"COLOUR", "red"}};
  config_.exec->cluster = data::Json::object({{"server", "https://x:1"}});
  const auto failed = identity_source(config_, clock_)->current();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message(), HasSubstr("did not print JSON"));
  EXPECT_EQ(read("args"), "a b|$HOME\n") << "no shell in between";
  EXPECT_THAT(read("env"), HasSubstr("COLOUR=red\n"));
  EXPECT_THAT(read("env"), HasSubstr("PATH="));
  EXPECT_THAT(read("env"), HasSubstr(R"(KUBERNETES_EXEC_INFO={"apiVersion":"client.authentication.k8s.io/v1",)"
                                     R"("kind":"ExecCredential","spec":{"cluster":{"server":"https://x:1"},)"
                                     R"("interactive":false}})"));
  EXPECT_EQ(read("input"), "");
}

TEST_F(ClientIdentityTest, APluginThatFails) {
  auto source = plugin("echo secret; echo 'log in first' >&2; exit 3");
  const auto failed = source->current();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kUnauthorized);
  EXPECT_THAT(failed.error().message(), HasSubstr("failed with exit code 3: log in first"));
  EXPECT_THAT(failed.error().message(), testing::Not(HasSubstr("secret")));
  EXPECT_FALSE(source->current());
  EXPECT_EQ(runs(), 1u) << "a failure holds for a while";
  clock_.advance(6s);
  EXPECT_FALSE(source->current());
  EXPECT_EQ(runs(), 2u);

  config_.exec->command = path("nowhere");
  config_.exec->install_hint = "get it from the shop";
  EXPECT_THAT(identity_source(config_, clock_)->current().error().message(), HasSubstr("get it from the shop"));
}

TEST_F(ClientIdentityTest, CredentialsOfPlugins) {
  const auto now = base::SystemClock::instance().now();
  const auto ca = pki::create_ca({"ca", {}}, pki::KeyType::kEcP256, 24h, now).value();
  const auto pair =
      pki::issue(ca, {.subject = {"x", {}}, .usage = pki::Usage::kClient}, pki::KeyType::kEcP256, now).value();
  const auto credential = [](const data::Json& status) {
    return data::to_json(
        data::Json::object({{"apiVersion", kVersion}, {"kind", "ExecCredential"}, {"status", status}}));
  };
  const auto good =
      parse_exec_credential(credential(data::Json::object({{"clientCertificateData", pair.certificate_pem},
                                                           {"clientKeyData", pair.key_pem},
                                                           {"expirationTimestamp", "2030-01-02T03:04:05Z"}})),
                            kVersion);
  ASSERT_TRUE(good) << good.error().message();
  EXPECT_EQ(good->identity.certificate_pem, pair.certificate_pem);
  EXPECT_EQ(base::format_rfc3339(*good->expires), "2030-01-02T03:04:05Z");
  const std::pair<std::string, const char*> wrong[] = {
      {"", "did not print JSON"},
      {"{}", "did not print an ExecCredential"},
      {R"({"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential"})", "ExecCredential of"},
      {credential(data::Json()), "neither a token nor a client certificate"},
      {credential(data::Json::object({{"clientKeyData", pair.key_pem}})), "without its key"},
      {credential(data::Json::object({{"clientKeyData", ca.key_pem}, {"clientCertificateData", pair.certificate_pem}})),
       "do not fit"},
      {credential(data::Json::object({{"token", "a\r\nX: y"}})), "more than one line"},
      {credential(data::Json::object({{"token", "a"}, {"expirationTimestamp", "soon"}})), "is no time"},
  };
  for (const auto& [text, expected] : wrong) {
    const auto result = parse_exec_credential(text, kVersion);
    ASSERT_FALSE(result) << text;
    EXPECT_THAT(result.error().message(), HasSubstr(expected));
  }
}

}  // namespace
}  // namespace slipway::kube
