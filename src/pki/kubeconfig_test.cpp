#include "pki/kubeconfig.h"

#include <gtest/gtest.h>

namespace slipway::pki {
namespace {

Kubeconfig sample() {
  Kubeconfig config;
  config.server = "https://127.0.0.1:6443";
  config.tls_server_name = "c1.edge.clusters.slipway.internal";
  config.ca_pem = "CA\n";
  config.client_certificate_pem = "CERT\n";
  config.client_key_pem = "KEY\n";
  config.cluster_name = "c1";
  config.ns = "edge";
  return config;
}

TEST(Kubeconfig, RoundTrip) {
  const Kubeconfig config = sample();
  const auto read = parse_kubeconfig(render_kubeconfig(config));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->server, config.server);
  EXPECT_EQ(read->tls_server_name, config.tls_server_name);
  EXPECT_EQ(read->ca_pem, config.ca_pem);
  EXPECT_EQ(read->client_certificate_pem, config.client_certificate_pem);
  EXPECT_EQ(read->client_key_pem, config.client_key_pem);
  EXPECT_EQ(read->context_name, "admin@c1");
  EXPECT_EQ(read->ns, "edge");
}

TEST(Kubeconfig, SaysWhatIsWrong) {
  const std::string head = "kind: Config\ncurrent-context: a\ncontexts:\n- {name: a, context: {cluster: c, user: u}}\n";
  const std::string users = "users:\n- {name: u, user: {}}\n";
  const struct {
    std::string text;
    std::string expected;
  } cases[] = {
      {"", "kubeconfig"},
      {"kind: Pod\n", "kind is not Config"},
      {"kind: Config\n", "no current-context"},
      {"kind: Config\ncurrent-context: x\n", "no context named \"x\""},
      {head, "no cluster named \"c\""},
      {head + "clusters:\n- {name: c, cluster: {}}\n" + users, "has no server"},
      {head + "clusters:\n- {name: c, cluster: {server: s}}\n", "no user named \"u\""},
      {head + "clusters:\n- {name: c, cluster: {server: s}}\n- {name: c, cluster: {server: t}}\n",
       "two clusters named"},
      {head +
           "clusters:\n- {name: c, cluster: {server: s, insecure-skip-tls-verify: true, "
           "certificate-authority-data: AAAA}}\n" +
           users,
       "both insecure-skip-tls-verify and a certificate-authority"},
      {head + "clusters:\n- {name: c, cluster: {server: s, certificate-authority: /etc/passwd}}\n" + users,
       "has certificate-authority, which would use a file or program of this machine"},
      {head + "clusters:\n- {name: c, cluster: {server: s, proxy-url: 'ftp://x'}}\n" + users, "proxy-url"},
      {head + "clusters:\n- {name: c, cluster: {server: s}}\nusers:\n- {name: u, user: {tokenFile: t}}\n", "tokenFile"},
      {head + "clusters:\n- {name: c, cluster: {server: s}}\nusers:\n- {name: u, user: {username: x}}\n", "username"},
      {head + "clusters:\n- {name: c, cluster: {server: s, certificate-authority-data: '%%'}}\n" + users, "not base64"},
      {head + "clusters:\n- {name: c, cluster: {server: s}}\nusers:\n- {name: u, user: {exec: {command: x}}}\n",
       "exec"},
      {head + "clusters:\n- {name: c, cluster: {server: s}}\nusers:\n- {name: u, user: {client-key-data: AAAA}}\n",
       "both a client certificate and its key"},
  };
  for (const auto& [text, expected] : cases) {
    const auto result = parse_kubeconfig(text);
    ASSERT_FALSE(result) << text;
    EXPECT_NE(result.error().message().find(expected), std::string::npos) << result.error().message();
  }
}

}  // namespace
}  // namespace slipway::pki
