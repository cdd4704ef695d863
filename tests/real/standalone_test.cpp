// A standalone configuration, carried out by a real cloud-init under systemd in a machine without any network, on a
// real Kubernetes: the first boot, a reboot, cloud-init beginning anew, a configuration that is refused and one that is
// applied.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "real/harness.h"

namespace slipway::real {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHost = "site1";
constexpr const char* kDocument = "/etc/cloud/cloud.cfg.d/k8s.cfg";

void replace(std::string& text, const std::string& old_text, const std::string& new_text) {
  const auto at = text.find(old_text);
  ASSERT_NE(at, text.npos) << old_text;
  text.replace(at, old_text.size(), new_text);
}

// The shipped, corrected example of the proposal with other networks, and with what it does not use.
std::string configuration() {
  std::string text = *base::read_file(source_folder() / "api/standalone/examples/proposal.yaml");
  replace(text, "operatingSystem:\n", "operatingSystem:\n  hostname: edge-site\n  timezone: Europe/Berlin\n");
  replace(text, "  proxy:\n",
          "    - username: operator\n"  // also the name of a group in Debian's image
          "      password: '$6$4d2XqkYPZr3u9sVb$jXQDbTcx.cTcNTbrN/"
          "maY3NHtBUyQRHIroUAfvaeEZtsmobQSf6sfzY3uF0.gTPaDsGRZp1ETbWlhUWVfdO53/'\n"
          "      sudo: true\n"
          "      groups: [video, site-people]\n"
          "      shell: /bin/bash\n"
          "  proxy:\n");
  replace(text, "  sshKey:\n",
          "  files:\n"
          "    - path: /etc/site/a file\n"
          "      permissions: \"0640\"\n"
          "      owner: root:video\n"
          "      content: \"it's $(touch /etc/run-by-mistake) `x` \\\\ {{ v1.x }}\\n\"\n");
  replace(text, "10.42.0.0/16", "10.52.0.0/16");
  replace(text, "10.43.0.0/16", "10.53.0.0/16");
  replace(text, "        agentConfig:\n",
          "          - echo pre >> /var/order\n"
          "        postK3sCommands:\n"
          "          - echo post >> /var/order\n"
          "        agentConfig:\n");
  return text +
         "  registries:\n"
         "    mirrors:\n"
         "      docker.io: {endpoint: [\"https://registry.example.com:5000\"]}\n"
         "  addons:\n"
         "    - name: site\n"
         "      manifest: |\n"
         "        {apiVersion: v1, kind: ConfigMap, metadata: {name: made-by-addon, namespace: default}, data: {key: "
         "value}}\n";
}

class StandaloneBoot : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = missing_parts()) GTEST_SKIP() << *missing;
    if (!fs::exists(program("cluster-bootstrapper"))) GTEST_SKIP() << "no build/bin/cluster-bootstrapper";
    const auto nspawn = base::run_process({.argv = {"systemd-nspawn", "--version"}});
    if (!nspawn || nspawn->exit_code != 0) GTEST_SKIP() << "systemd-nspawn is not installed";
    folder_.emplace(std::move(*base::TemporaryFolder::create("slipway-standalone")));
  }
  void TearDown() override {
    if (folder_) edge_host({"down", kHost});
  }

  std::string make_document(const std::string& text) {
    const fs::path config = folder_->path() / "config.yaml", document = folder_->path() / "k8s.cfg";
    EXPECT_TRUE(base::write_file_atomically(config, text, 0600));
    const auto made = base::run_process(
        {.argv = {program("cluster-bootstrapper").string(), "-config-file", config, "-out", document}});
    EXPECT_TRUE(made && made->exit_code == 0) << (made ? made->standard_error : made.error().message());
    return document;
  }
  base::ProcessResult edge_host(std::vector<std::string> args) {
    args.insert(args.begin(), (source_folder() / "tests/real/edge-host").string());
    const auto result = base::run_process({.argv = args, .timeout = milliseconds(300'000), .output_limit = 4u << 20});
    EXPECT_TRUE(result) << result.error().message();
    return result ? *result : base::ProcessResult{.exit_code = -1};
  }
  // Standard output of a shell line in the machine.
  std::string shell(const std::string& line) {
    return edge_host({"exec", kHost, "--", "sh", "-c", line}).standard_output;
  }
  void reboot() {
    const auto result = edge_host({"reboot", kHost});
    ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  }
  bool becomes_ready() {
    return eventually(milliseconds(60'000), [&] {
      return shell("k3s kubectl get node edge-site 2>/dev/null").find(" Ready ") != std::string::npos;
    });
  }
  // Content, mode, owner and time of what was configured, and which cluster it is.
  std::string state() {
    return shell(
        "cd / && find etc/site etc/environment etc/sudoers.d etc/rancher/k3s/config.yaml "
        "etc/rancher/k3s/registries.yaml "
        "etc/systemd/system/k3s.service* var/lib/rancher/slipway-standalone "
        "var/lib/rancher/k3s/server/manifests/site.yaml "
        "var/order -type f -printf '%m %U:%G %T@ %p ' -exec sha256sum {} ';' | sort; "
        "k3s kubectl get namespace kube-system -o jsonpath={.metadata.uid}; k3s kubectl get configmap made-by-addon -o "
        "jsonpath={.metadata.uid}");
  }
  std::string boot_log() { return shell("cat /var/log/cloud-init-output.log"); }

  std::optional<base::TemporaryFolder> folder_;
};

TEST_F(StandaloneBoot, IsAsWrittenAndStaysSo) {
  const std::string document = make_document(configuration());
  const auto up = edge_host(
      {"up", kHost, "--dir", (folder_->path() / "disk").string(), "--kind", "nspawn", "--cloud-config", document});
  ASSERT_EQ(up.exit_code, 0) << up.standard_error;
  EXPECT_NE(shell("cloud-init status").find("done"), std::string::npos) << boot_log();
  ASSERT_TRUE(becomes_ready()) << boot_log();

  struct Row {
    const char* line;
    const char* expected;
  };
  for (const Row& row : {
           Row{"hostname", "edge-site\n"},
           Row{"readlink /etc/localtime", "/usr/share/zoneinfo/Europe/Berlin\n"},
           Row{"cat '/etc/site/a file'; stat -c '%a %U:%G' '/etc/site/a file'",
               "it's $(touch /etc/run-by-mistake) `x` \\ {{ v1.x }}\n640 root:video\n"},
           Row{"ls /etc/run-by-mistake 2>/dev/null", ""},
           Row{"id -Gn operator | tr ' ' '\\n' | sort | xargs", "operator site-people video\n"},
           Row{"getent passwd operator | cut -d: -f7", "/bin/bash\n"},
           Row{"grep -c '^operator:$6$4d2XqkYPZr3u9sVb[$]' /etc/shadow", "1\n"},
           Row{"grep -c '^root:$6[$]' /etc/shadow", "1\n"},
           Row{"cat /etc/sudoers.d/90-slipway-operator", "operator ALL=(ALL:ALL) ALL\n"},
           Row{"grep -c -i proxy= /etc/environment", "6\n"},
           Row{"tr '\\0' '\\n' < /proc/$(systemctl show -P MainPID k3s)/environ | grep ^HTTPS_PROXY=",
               "HTTPS_PROXY=http://proxy.example.com\n"},
           Row{"grep endpoint -A1 /etc/rancher/k3s/registries.yaml | tail -1 | xargs",
               "- https://registry.example.com:5000\n"},
           Row{"k3s kubectl get node edge-site -o jsonpath={.spec.podCIDR}", "10.52.0.0/24"},
           Row{"k3s kubectl get service kubernetes -o jsonpath={.spec.clusterIP}", "10.53.0.1"},
           Row{"cat /var/order", "pre\npost\n"},
       })
    EXPECT_EQ(shell(row.line), row.expected) << row.line;
  EXPECT_TRUE(eventually(milliseconds(30'000), [&] {
    return shell("k3s kubectl get configmap made-by-addon -o jsonpath={.data.key} 2>/dev/null") == "value";
  }));

  const std::string before = state();
  reboot();
  ASSERT_TRUE(becomes_ready());
  EXPECT_EQ(state(), before) << "after a reboot";

  // As on an image whose /var/lib/cloud does not persist.
  shell("cloud-init clean --logs");
  reboot();
  ASSERT_TRUE(becomes_ready()) << boot_log();
  EXPECT_NE(boot_log().find("slipway: everything is applied already"), std::string::npos) << boot_log();
  EXPECT_EQ(state(), before) << "after cloud-init began anew";

  // Other networks than the cluster has: refused as a whole, and the cluster goes on.
  std::string changed = configuration();
  replace(changed, "10.52.0.0/16", "10.62.0.0/16");
  replace(changed, "echo post", "echo refused");
  ASSERT_EQ(edge_host({"put", kHost, make_document(changed), kDocument, "0600"}).exit_code, 0);
  shell("cloud-init clean --logs");
  reboot();
  ASSERT_TRUE(becomes_ready());
  EXPECT_NE(boot_log().find("clusterCidr is 10.52.0.0/16 in this cluster and 10.62.0.0/16 in the configuration"),
            std::string::npos)
      << boot_log();
  EXPECT_EQ(state(), before) << "after a refused configuration";

  // Another command and another file: applied.
  changed = configuration();
  replace(changed, "echo post", "echo applied");
  ASSERT_EQ(edge_host({"put", kHost, make_document(changed), kDocument, "0600"}).exit_code, 0);
  shell("cloud-init clean --logs");
  reboot();
  ASSERT_TRUE(becomes_ready());
  EXPECT_EQ(shell("cat /var/order"), "pre\npost\npre\napplied\n") << boot_log();
}

}  // namespace
}  // namespace slipway::real
