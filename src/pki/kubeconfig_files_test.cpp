#include "pki/kubeconfig_files.h"

#include <cstdlib>
#include <fmt/core.h>
#include <gmock/gmock.h>

#include "base/files.h"

namespace slipway::pki {
namespace {

using base::ErrorCode;
using testing::ElementsAre;
using testing::HasSubstr;

// A variable of the environment, put back at the end.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    value.empty() ? ::unsetenv(name) : ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

class KubeconfigFiles : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_.path() / name;
    EXPECT_TRUE(base::make_folders(path.parent_path()));
    EXPECT_TRUE(base::write_file_atomically(path, text, 0600));
    return path;
  }
  // A file with one cluster "c" and user "u" of the given content.
  std::filesystem::path with_user(const std::string& user, const std::string& cluster = "server: 'https://x:1'") {
    return write("config",
                 fmt::format("kind: Config\ncurrent-context: a\n"
                             "contexts:\n- {{name: a, context: {{cluster: c, user: u}}}}\n"
                             "clusters:\n- {{name: c, cluster: {{{}}}}}\nusers:\n- {{name: u, user: {{{}}}}}\n",
                             cluster, user));
  }
  base::TemporaryFolder folder_ = *base::TemporaryFolder::create("slipway-kubeconfig");
};

TEST_F(KubeconfigFiles, NamesAreRelativeToTheFile) {
  write("pki/ca.crt", "CA");
  const auto config =
      load_kubeconfig(with_user("tokenFile: token", "server: 'https://x:1', certificate-authority: pki/ca.crt"));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->ca_pem, "CA");
  EXPECT_EQ(config->token_file, (folder_.path() / "token").string());
  EXPECT_EQ(load_kubeconfig(folder_.path() / "none").error().code(), ErrorCode::kNotFound);
}

TEST_F(KubeconfigFiles, InsecureAndProxy) {
  const auto config = load_kubeconfig(
      with_user("token: t", "server: 'https://x:1', insecure-skip-tls-verify: true, proxy-url: 'socks5://p:1080'"));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_TRUE(config->insecure_skip_tls_verify);
  EXPECT_EQ(config->proxy_url, "socks5://p:1080");
}

TEST_F(KubeconfigFiles, ExecPlugins) {
  const auto config = load_kubeconfig(
      with_user("exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/login, args: [a, 'b c'], "
                "interactiveMode: Never, "
                "env: [{name: X, value: why}], installHint: get it, provideClusterInfo: true}",
                "server: 'https://x:1', tls-server-name: sni, extensions: [{name: client.authentication.k8s.io/exec, "
                "extension: {audience: z}}]"));
  ASSERT_TRUE(config) << config.error().message();
  ASSERT_TRUE(config->exec);
  EXPECT_EQ(config->exec->command, (folder_.path() / "bin/login").string());
  EXPECT_THAT(config->exec->arguments, ElementsAre("a", "b c"));
  EXPECT_THAT(config->exec->environment, ElementsAre(testing::Pair("X", "why")));
  EXPECT_EQ(config->exec->install_hint, "get it");
  EXPECT_EQ(config->exec->cluster.text({"server"}), "https://x:1");
  EXPECT_EQ(config->exec->cluster.text({"tls-server-name"}), "sni");
  EXPECT_EQ(config->exec->cluster.text({"config", "audience"}), "z");
}

TEST_F(KubeconfigFiles, WrongExecPlugins) {
  const struct {
    const char* exec;
    const char* expected;
  } cases[] = {
      {"{interactiveMode: Never}", "has no command"},
      {"{command: x, interactiveMode: Never}", "needs apiVersion client.authentication.k8s.io/v1"},
      {"{command: x, apiVersion: client.authentication.k8s.io/v1alpha1}", "needs apiVersion"},
      {"{command: x, apiVersion: client.authentication.k8s.io/v1}", "needs interactiveMode"},
      {"{command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always}", "nobody is there"},
      {"{command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, env: [{value: x}]}", "env"},
  };
  for (const auto& [exec, expected] : cases) {
    const auto config = load_kubeconfig(with_user(fmt::format("exec: {}", exec)));
    ASSERT_FALSE(config) << exec;
    EXPECT_THAT(config.error().message(), HasSubstr(expected));
    EXPECT_THAT(config.error().message(), HasSubstr("kubeconfig user \"u\""));
  }
  EXPECT_TRUE(load_kubeconfig(with_user("exec: {command: x, apiVersion: client.authentication.k8s.io/v1beta1}"))->exec);
}

// The first file to set a value or a named entry wins; entries are never mixed.
TEST_F(KubeconfigFiles, AListIsMerged) {
  const auto first = write("1/config",
                           "current-context: a\ncontexts:\n- {name: a, context: {cluster: c, user: u}}\n"
                           "users:\n- {name: u, user: {token: first}}\n");
  const auto second = write("2/config",
                            "kind: Config\ncurrent-context: b\nusers:\n- {name: u, user: {token: second}}\n"
                            "clusters:\n- {name: c, cluster: {server: 'https://x:1', certificate-authority: ca}}\n");
  write("2/ca", "CA");
  const auto empty = write("empty", "");
  const auto config = load_kubeconfigs({folder_.path() / "missing", empty, first, second});
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->context_name, "a");
  EXPECT_EQ(config->token, "first");
  EXPECT_EQ(config->ca_pem, "CA");
  EXPECT_EQ(load_kubeconfigs({folder_.path() / "missing"}).error().code(), ErrorCode::kNotFound);
  const auto broken = load_kubeconfigs({first, write("broken", "kind: Pod\n")});
  EXPECT_THAT(broken.error().message(), HasSubstr("broken: this is no kubeconfig"));
  EXPECT_THAT(split_kubeconfig_list("a::b:a:"), ElementsAre("a", "b"));
  EXPECT_EQ(load_kubeconfigs({first, second}, "a")->token, "first");
  EXPECT_THAT(load_kubeconfigs({first, second}, "other").error().message(), HasSubstr("no context named \"other\""));
}

TEST_F(KubeconfigFiles, AnotherContextThanTheCurrentOne) {
  const auto file = write("config",
                          "current-context: a\ncontexts:\n- {name: a, context: {cluster: c, user: u}}\n"
                          "- {name: b, context: {cluster: c, user: v, namespace: site}}\n"
                          "clusters:\n- {name: c, cluster: {server: 'https://x:1', insecure-skip-tls-verify: true}}\n"
                          "users:\n- {name: u, user: {token: first}}\n- {name: v, user: {token: second}}\n");
  EXPECT_EQ(load_kubeconfig(file)->token, "first");
  const auto other = find_kubeconfig(file, "b");
  ASSERT_TRUE(other) << other.error().message();
  EXPECT_EQ(other->token, "second");
  EXPECT_EQ(other->ns, "site");
  EXPECT_THAT(load_kubeconfig(file, "z").error().message(), HasSubstr("no context named \"z\""));
}

TEST_F(KubeconfigFiles, TheServiceAccountOfAPod) {
  const Variable host("KUBERNETES_SERVICE_HOST", "fd00::1"), port("KUBERNETES_SERVICE_PORT", "443");
  EXPECT_THAT(in_cluster_kubeconfig(folder_.path()).error().message(), HasSubstr("the service account: "));
  write("ca.crt", "CA");
  write("token", "t");
  write("namespace", "slipway-system");
  const auto config = in_cluster_kubeconfig(folder_.path());
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->server, "https://[fd00::1]:443");
  EXPECT_EQ(config->ca_pem, "CA");
  EXPECT_EQ(config->token_file, (folder_.path() / "token").string());
  EXPECT_EQ(config->ns, "slipway-system");
  const Variable no_host("KUBERNETES_SERVICE_HOST", "");
  EXPECT_EQ(in_cluster_kubeconfig(folder_.path()).error().code(), ErrorCode::kNotFound);
}

TEST_F(KubeconfigFiles, TheSearch) {
  const Variable no_pod("KUBERNETES_SERVICE_HOST", ""), home("HOME", folder_.path().string());
  const auto named = with_user("token: named");
  const auto in_home = write(".kube/config", *base::read_file(with_user("token: home")));
  with_user("token: named");
  {
    const Variable list("KUBECONFIG", "");
    EXPECT_EQ(find_kubeconfig()->token, "home");
    EXPECT_EQ(find_kubeconfig(named)->token, "named");
  }
  const Variable list("KUBECONFIG", (folder_.path() / "missing").string() + ":" + named.string());
  EXPECT_EQ(find_kubeconfig()->token, "named");
  const Variable nothing("KUBECONFIG", (folder_.path() / "missing").string());
  EXPECT_EQ(find_kubeconfig().error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace slipway::pki
