#include <gtest/gtest.h>

#include "base/files.h"
#include "base/subprocess.h"
#include "data/json_text.h"
#include "data/yaml.h"
#include "distro/k3s/cleanup.h"
#include "distro/k3s/config.h"
#include "distro/k3s/install.h"
#include "distro/k3s/token.h"

namespace slipway::distro::k3s {
namespace {

using data::Json;

constexpr const char* kCiphers =
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,"
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,"
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305,"
    "TLS_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_256_GCM_SHA384";

// The text that cluster-api-k3s writes for the same input.
TEST(Config, InitServerGolden) {
  const Json spec = *data::parse_json(
      R"({"serverConfig":{"tlsSan":["a"],"disableComponents":["servicelb"],"cloudProviderName":"external"},
          "agentConfig":{"nodeLabels":["x=y"]}})");
  const auto text = render_config({.spec = spec, .token = "abc", .endpoint_host = "10.0.0.5"});
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, std::string("cluster-init: true\n"
                               "disable:\n- servicelb\n"
                               "disable-cloud-controller: true\n"
                               "kube-apiserver-arg:\n- anonymous-auth=true\n- tls-cipher-suites=") +
                       kCiphers +
                       "\n"
                       "kube-controller-manager-arg:\n- cloud-provider=external\n"
                       "kubelet-arg:\n- cloud-provider=external\n"
                       "node-label:\n- x=y\n"
                       "tls-san:\n- a\n- 10.0.0.5\n"
                       "token: abc\n");
}

TEST(Config, MapsEveryField) {
  const Json spec = *data::parse_json(R"({
    "serverConfig":{"kubeAPIServerArg":["a=1"],"kubeControllerManagerArgs":["b=2"],"kubeSchedulerArgs":["c=3"],
      "bindAddress":"0.0.0.0","httpsListenPort":"6443","advertiseAddress":"10.0.0.1","advertisePort":"6444",
      "clusterCidr":"10.45.0.0/16","serviceCidr":"10.46.0.0/16","clusterDNS":"10.46.0.10","clusterDomain":"site.local",
      "systemDefaultRegistry":"r.example","disableCloudController":false,"cloudProviderName":"","tlsSan":["n","n2"]},
    "agentConfig":{"nodeTaints":["t=1:NoSchedule"],"kubeletArgs":["max-pods=250"],"kubeProxyArgs":["v=2"],
      "privateRegistry":"/etc/registries.yaml","nodeName":"edge-1"}})");
  const auto result = config({.spec = spec, .token = "t", .endpoint_host = "n", .server_names = {"sni", "n2"}});
  ASSERT_TRUE(result);
  const Json expected = *data::parse_json(
      R"({"cluster-init":true,"token":"t","kube-apiserver-arg":["a=1","anonymous-auth=true","tls-cipher-suites=)" +
      std::string(kCiphers) + R"("],"kube-controller-manager-arg":["b=2"],"kube-scheduler-arg":["c=3"],
      "bind-address":"0.0.0.0","https-listen-port":"6443","advertise-address":"10.0.0.1","advertise-port":"6444",
      "cluster-cidr":"10.45.0.0/16","service-cidr":"10.46.0.0/16","cluster-dns":"10.46.0.10",
      "cluster-domain":"site.local","system-default-registry":"r.example","tls-san":["n","n2","sni"],
      "node-taint":["t=1:NoSchedule"],"kubelet-arg":["max-pods=250"],"kube-proxy-arg":["v=2"],
      "private-registry":"/etc/registries.yaml","node-name":"edge-1"})");
  EXPECT_EQ(*result, expected) << data::to_json(*result, 1);
}

TEST(Config, JoiningRoles) {
  const Json spec = *data::parse_json(R"({"serverConfig":{"cloudProviderName":"external","tlsSan":["a"]}})");
  const auto agent =
      config({.spec = spec, .role = Role::kAgent, .token = "t", .server_url = "https://h:6443", .endpoint_host = "h"});
  ASSERT_TRUE(agent);
  EXPECT_EQ(data::to_json(*agent),
            R"({"kubelet-arg":["cloud-provider=external"],"server":"https://h:6443","token":"t"})");
  const auto server = config({.spec = spec, .role = Role::kServer, .token = "t", .server_url = "https://h:6443"});
  ASSERT_TRUE(server);
  EXPECT_FALSE(server->contains("cluster-init"));
  EXPECT_TRUE(server->contains("kube-apiserver-arg"));
  EXPECT_FALSE(config({.spec = spec, .role = Role::kAgent, .token = "t"}));
}

TEST(Config, TokensThatLookLikeNumbersStayText) {
  for (const std::string token : {"12345678901234567890123456789012", "1234567890123456789012345678901e5", "0x12",
                                  "1e3", "012", "null", "true", "1_000", "12:30", "~", "2026-01-01"}) {
    const auto text = render_config({.spec = Json::object(), .token = token});
    ASSERT_TRUE(text);
    for (const auto dialect : {data::YamlDialect::kKubernetes, data::YamlDialect::kStrict})
      EXPECT_EQ((*data::parse_yaml(*text, dialect))["token"], Json(token)) << *text;
    EXPECT_NE(text->find("token: \"" + token + "\""), std::string::npos) << *text;
  }
}

TEST(Config, ProviderIdIsAppended) {
  EXPECT_EQ(provider_id_drop_in("slipway://default/edge-1"), "kubelet-arg+:\n- provider-id=slipway://default/edge-1\n");
}

TEST(Install, Forms) {
  const auto air_gapped = install_command({.air_gapped = true});
  ASSERT_TRUE(air_gapped);
  EXPECT_NE(air_gapped->find("INSTALL_K3S_SKIP_DOWNLOAD=true INSTALL_K3S_EXEC='server' sh /opt/install.sh"),
            std::string::npos);
  EXPECT_EQ(air_gapped->find("curl"), std::string::npos);
  const auto agent = install_command({.role = Role::kAgent, .version = "v1.36.3+k3s1"});
  ASSERT_TRUE(agent);
  EXPECT_NE(agent->find("https://get.k3s.io"), std::string::npos);
  EXPECT_NE(agent->find("INSTALL_K3S_VERSION=v1.36.3+k3s1 INSTALL_K3S_EXEC='agent' sh "), std::string::npos);
  EXPECT_FALSE(install_command({.version = "v1.36.3; reboot"}));
  EXPECT_FALSE(install_command({.air_gapped = true, .script_path = "install.sh"}));
}

// The shell is the judge of what is quoted.
TEST(Install, AirGappedRunsTheScriptAndFailsWithIt) {
  const auto folder = base::TemporaryFolder::create("k3s-test");
  ASSERT_TRUE(folder);
  const std::string script = (folder->path() / "it's $(touch x); install.sh").string();
  const auto run = [&] {
    return base::run_process({.argv = {"/bin/sh", "-c", *install_command({.air_gapped = true, .script_path = script})},
                              .working_folder = folder->path().string()});
  };
  auto result = run();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 1);
  EXPECT_NE(result->standard_error.find("no K3s embedded"), std::string::npos) << result->standard_error;
  ASSERT_TRUE(base::write_file_atomically(script, "echo \"$INSTALL_K3S_EXEC $INSTALL_K3S_SKIP_DOWNLOAD\"\n", 0755));
  result = run();
  EXPECT_EQ(result->exit_code, 0);
  EXPECT_EQ(result->standard_output, "server true\n");
  ASSERT_TRUE(base::write_file_atomically(script, "exit 7\n", 0755));
  result = run();
  EXPECT_NE(result->exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder->path() / "x"));
}

TEST(Token, Vectors) {
  const std::string hash(64, 'a');
  struct Row {
    std::string text;
    Token token;
  };
  for (const Row& row :
       {Row{"password", {"", "", "password", false}}, Row{"K10" + hash + "::server:pw", {hash, "server", "pw", false}},
        Row{"K10" + hash + ":::pw", {hash, "", "pw", false}},
        Row{"abcdef.0123456789abcdef", {"", "abcdef", "0123456789abcdef", true}},
        Row{"K10" + hash + "::abcdef.0123456789abcdef", {hash, "abcdef", "0123456789abcdef", true}}}) {
    const auto token = parse_token(row.text);
    ASSERT_TRUE(token) << row.text;
    EXPECT_EQ(*token, row.token);
    EXPECT_EQ(format_token(*token), row.text);
  }
  for (const auto& [text, message] :
       std::vector<std::pair<std::string, std::string>>{{"", "token must not be empty"},
                                                        {"K10::", "invalid token format"},
                                                        {"K10::x", "invalid token format"},
                                                        {"K10::x:", "invalid token format"},
                                                        {"K10XX::x:y", "invalid token CA hash length"}}) {
    const auto token = parse_token(text);
    ASSERT_FALSE(token) << text;
    EXPECT_EQ(token.error().message(), message);
  }
}

TEST(Cleanup, KeepsWhatTheImageBrought) {
  const CleanupPlan& plan = cleanup_plan();
  EXPECT_TRUE(is_kept(plan, "/var/lib/rancher/k3s/agent/images"));
  EXPECT_TRUE(is_kept(plan, "/var/lib/rancher/k3s/agent/images/k3s.tar.zst"));
  EXPECT_TRUE(is_kept(plan, "/var/lib/rancher/k3s/agent"));
  EXPECT_FALSE(is_kept(plan, "/var/lib/rancher/k3s/agent/images2"));
  EXPECT_FALSE(is_kept(plan, "/var/lib/rancher/k3s/server"));
  for (const std::string& path : plan.remove) EXPECT_NE(path, "/usr/local/bin/k3s");
}

}  // namespace
}  // namespace slipway::distro::k3s
