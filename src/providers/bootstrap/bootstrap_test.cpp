#include "api/bootstrap/bootstrap.h"

#include <rapidcheck.h>

#include "base/files.h"
#include "base/subprocess.h"
#include "data/encoding.h"
#include "meta/conditions.h"
#include "providers/bootstrap/bootstrap_controller.h"
#include "providers/bootstrap/bootstrap_document.h"
#include "providers/testing.h"

namespace slipway::providers::bootstrap {
namespace {

using api::bootstrap::kKThreesConfig;
using testing::eventually;

cloudinit::Document document_of(std::string_view spec, std::vector<UserFile> files = {}) {
  const Json parsed = *data::parse_json(spec);
  const auto document = bootstrap_document({.spec = parsed,
                                            .version = "v1.36.3+k3s1",
                                            .token = "12345678901234567890123456789012",
                                            .authorities = {{"CA1", "KEY1"}, {"CA2", "KEY2"}, {"CA3", "KEY3"}},
                                            .files = std::move(files),
                                            .endpoint_host = "10.0.0.5",
                                            .server_names = {"c1.edge.clusters.slipway.internal"}});
  EXPECT_TRUE(document) << document.error().message();
  return document ? *document : cloudinit::Document();
}

TEST(BootstrapDocument, OrderOfFilesAndCommands) {
  const auto document =
      document_of(R"({"agentConfig":{"airGapped":true},"preK3sCommands":["export A=1"],"postK3sCommands":["true"]})",
                  {{"/etc/rancher/k3s/config.yaml", "user", "root:root", "0600"}});
  std::vector<std::string> paths;
  for (const auto& file : document.files) paths.push_back(file.path + " " + file.permissions);
  const std::string tls = "/var/lib/rancher/k3s/server/tls/";
  EXPECT_EQ(paths, (std::vector<std::string>{
                       tls + "server-ca.crt 0640", tls + "server-ca.key 0600", tls + "client-ca.crt 0640",
                       tls + "client-ca.key 0600", tls + "etcd/server-ca.crt 0640", tls + "etcd/server-ca.key 0600",
                       "/etc/rancher/k3s/config.yaml 0600", "/etc/rancher/k3s/config.yaml 0640"}));
  EXPECT_NE(document.files.back().content.find("token: \"12345678901234567890123456789012\""), std::string::npos);
  EXPECT_NE(document.files.back().content.find("- c1.edge.clusters.slipway.internal\n"), std::string::npos);
  ASSERT_EQ(document.run_commands.size(), 4u);
  EXPECT_NE(document.run_commands[0].line.find("export A=1"), std::string::npos);
  EXPECT_NE(document.run_commands[1].line.find("INSTALL_K3S_SKIP_DOWNLOAD=true"), std::string::npos);
  EXPECT_NE(document.run_commands[3].line.find("/run/cluster-api/bootstrap-success.complete"), std::string::npos);
}

TEST(BootstrapDocument, CloudInitAcceptsBothForms) {
  const auto found = base::run_process({.argv = {"cloud-init", "--version"}});
  if (!found || found->exit_code != 0) GTEST_SKIP() << "cloud-init is not installed";
  const auto folder = base::TemporaryFolder::create("bootstrap-test");
  for (const std::string_view spec :
       {R"({"agentConfig":{"airGapped":true},"preK3sCommands":["export A='1 2'"],"postK3sCommands":["echo \"$A\""]})",
        R"({"serverConfig":{"tlsSan":["x"]}})"}) {
    const auto file = folder->path() / "user-data";
    ASSERT_TRUE(base::write_file_atomically(file, *cloudinit::render(document_of(spec)), 0600));
    const auto checked = base::run_process({.argv = {"cloud-init", "schema", "--config-file", file.string()}});
    EXPECT_EQ(checked->exit_code, 0) << checked->standard_output << checked->standard_error;
  }
}

// The document's commands as cloud-init runs them: one script, here below a scratch folder.
base::ProcessResult run_document(const cloudinit::Document& document, const std::string& folder) {
  std::string script;
  for (const auto& command : document.run_commands) script += cloudinit::shell_text(command) + "\n";
  for (std::size_t at = 0; (at = script.find("/run/cluster-api", at)) != script.npos; at += folder.size())
    script.replace(at, 4, folder);
  const auto result = base::run_process({.argv = {"/bin/sh", "-c", script}, .working_folder = folder});
  EXPECT_TRUE(result);
  return *result;
}

TEST(BootstrapDocument, SuccessFileOnlyWhenEveryCommandSucceeded) {
  struct Row {
    std::string before, script, after;
    bool success;
  };
  for (const Row& row :
       {Row{"true", "exit 0\n", "true", true}, Row{"false", "exit 0\n", "true", false},
        Row{"true", "exit 3\n", "true", false}, Row{"true", "exit 0\n", "false", false},
        Row{"false && true", "exit 0\n", "true", false},
        Row{"export WORD=ok", "[ \"$WORD\" = ok ]\n", "[ \"$WORD\" = ok ]", true},
        Row{"echo 'unbalanced", "exit 0\n", "true", false}, Row{"# only a comment", "exit 0\n", "", true}}) {
    const auto folder = base::TemporaryFolder::create("bootstrap-test");
    const std::string script = (folder->path() / "install.sh").string();
    ASSERT_TRUE(base::write_file_atomically(script, row.script, 0755));
    const Json spec =
        Json::object({{"agentConfig", Json::object({{"airGapped", true}, {"airGappedInstallScriptPath", script}})},
                      {"preK3sCommands", Json::array({row.before})},
                      {"postK3sCommands", Json::array({row.after})}});
    const auto result = run_document(document_of(data::to_json(spec)), folder->path().string());
    const bool has_file = std::filesystem::exists(folder->path() / "cluster-api/bootstrap-success.complete");
    EXPECT_EQ(has_file, row.success) << row.before << " | " << row.script << " | " << row.after
                                     << result.standard_error;
    EXPECT_EQ(result.exit_code == 0, row.success) << row.before;
  }
}

TEST(BootstrapDocument, WhateverAUserWritesStaysOneCommand) {
  EXPECT_TRUE(rc::check([] {
    const auto line = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
    const Json spec =
        Json::object({{"agentConfig", Json::object({{"airGapped", true}})}, {"preK3sCommands", Json::array({line})}});
    const auto text = cloudinit::render(document_of(data::to_json(spec)));
    RC_ASSERT(text.has_value());
    const auto back = cloudinit::parse(*text);
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->run_commands.size() == 3u);
  }));
}

class KThreesConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    manager_ = control::Manager::create({.client = &plane_.client()});
    add_kthrees_config_controller(*manager_);
    ASSERT_TRUE(manager_->start());
    cluster_ = plane_.create(api::cluster::kCluster, "c1",
                             R"({"spec":{"controlPlaneEndpoint":{"host":"10.0.0.5","port":6442}}})");
  }
  void TearDown() override { manager_->stop(); }

  void make_machine(const std::string& name, std::string_view config_spec = R"({"agentConfig":{"airGapped":true}})") {
    Json machine = meta::make_object(api::cluster::kMachine, {"edge", name});
    meta::set_label(machine, api::cluster::kClusterNameLabel, "c1");
    meta::set_label(machine, api::cluster::kControlPlaneLabel, "");
    machine.set("spec", *data::parse_json(R"({"clusterName":"c1","version":"v1.36.3+k3s1",
      "bootstrap":{"configRef":{"apiGroup":"bootstrap.cluster.x-k8s.io","kind":"KThreesConfig","name":")" +
                                          name + R"("}},
      "infrastructureRef":{"apiGroup":"infrastructure.cluster.x-k8s.io","kind":"IntelMachine","name":")" +
                                          name + R"("}})"));
    const Json made = plane_.create(std::move(machine));
    Json config = meta::make_object(kKThreesConfig, {"edge", name});
    meta::set_label(config, api::cluster::kClusterNameLabel, "c1");
    meta::set_owner_reference(config, made, true);
    config.set("spec", *data::parse_json(config_spec));
    plane_.create(std::move(config));
  }
  void infrastructure_is_ready() {
    plane_.patch(api::cluster::kCluster, "c1", R"({"status":{"initialization":{"infrastructureProvisioned":true}}})",
                 "status");
  }
  std::string message(const std::string& name) {
    return meta::find_condition(plane_.get(kKThreesConfig, name), "DataSecretAvailable").text({"message"});
  }
  bool created(const std::string& name) {
    return plane_.get(kKThreesConfig, name).get({"status", "initialization", "dataSecretCreated"}).bool_or(false);
  }

  testing::Plane plane_;
  std::unique_ptr<control::Manager> manager_;
  Json cluster_;
};

TEST_F(KThreesConfigTest, WritesTheSecretOnce) {
  make_machine("m1");
  ASSERT_TRUE(eventually([&] { return message("m1").find("no infrastructure yet") != std::string::npos; }));
  EXPECT_TRUE(plane_.get(kube::kSecret, "m1").is_null());
  infrastructure_is_ready();
  ASSERT_TRUE(eventually([&] { return created("m1"); })) << message("m1");
  const Json config = plane_.get(kKThreesConfig, "m1");
  EXPECT_EQ(config.text({"status", "dataSecretName"}), "m1");
  EXPECT_TRUE(meta::is_condition_true(config, "Ready"));
  EXPECT_TRUE(meta::is_condition_true(config, "CertificatesAvailable"));
  const Json secret = plane_.get(kube::kSecret, "m1");
  EXPECT_EQ(secret.text({"type"}), "cluster.x-k8s.io/secret");
  const auto document = cloudinit::parse(*data::base64_decode(secret.text({"data", "value"})));
  ASSERT_TRUE(document) << document.error().message();
  EXPECT_NE(document->run_commands[0].line.find("INSTALL_K3S_SKIP_DOWNLOAD=true"), std::string::npos);
  // A later change of the spec must not change what a host may be running.
  plane_.patch(kKThreesConfig, "m1", R"({"spec":{"agentConfig":{"airGapped":false}}})");
  ASSERT_TRUE(eventually([&] { return manager_->is_idle(); }));
  EXPECT_EQ(plane_.get(kube::kSecret, "m1").text({"data", "value"}), secret.text({"data", "value"}));
}

TEST_F(KThreesConfigTest, FilesFromSecretsHealWhenTheSecretComes) {
  infrastructure_is_ready();
  make_machine("m1", R"({"files":[{"path":"/etc/a","contentFrom":{"secret":{"name":"source","key":"k"}}}]})");
  ASSERT_TRUE(eventually([&] { return message("m1").find("spec.files[0] '/etc/a'") != std::string::npos; }))
      << message("m1");
  plane_.create(kube::kSecret, "source", R"({"data":{"k":"aGVsbG8="}})");
  ASSERT_TRUE(eventually([&] { return created("m1"); })) << message("m1");
  const auto document = cloudinit::parse(*data::base64_decode(plane_.get(kube::kSecret, "m1").text({"data", "value"})));
  EXPECT_EQ(document->files[6].content, "hello");
}

TEST_F(KThreesConfigTest, OneServerPerCluster) {
  infrastructure_is_ready();
  make_machine("m1");
  ASSERT_TRUE(eventually([&] { return created("m1"); }));
  make_machine("m2");
  ASSERT_TRUE(eventually([&] {
    return message("m2").find("machine 'm1' is already the one server") != std::string::npos;
  })) << message("m2");
  EXPECT_FALSE(created("m2"));
}

TEST_F(KThreesConfigTest, SaysWhatIsWrongWithTheSpec) {
  infrastructure_is_ready();
  make_machine("m1", R"({"files":[{"path":"etc/a","content":"x"}]})");
  ASSERT_TRUE(eventually([&] { return message("m1").find("must be absolute") != std::string::npos; })) << message("m1");
  plane_.patch(kKThreesConfig, "m1", R"({"spec":{"files":[{"path":"/etc/a","content":"x"}]}})");
  ASSERT_TRUE(eventually([&] { return created("m1"); })) << message("m1");
}

}  // namespace
}  // namespace slipway::providers::bootstrap
