#include "distro/k3s/bootstrap_document.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/files.h"
#include "base/subprocess.h"
#include "data/json_text.h"

namespace slipway::distro::k3s {
namespace {

using data::Json;

cloudinit::Document document_of(std::string_view spec, std::vector<cloudinit::WriteFile> files = {}) {
  const Json parsed = *data::parse_json(spec);
  const auto document =
      bootstrap_document({.spec = parsed,
                          .version = "v1.36.3+k3s1",
                          .token = "12345678901234567890123456789012",
                          .authorities = Authorities{{"CA1", "KEY1"}, {"CA2", "KEY2"}, {"CA3", "KEY3"}},
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

}  // namespace
}  // namespace slipway::distro::k3s
