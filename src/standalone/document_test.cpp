#include <fmt/core.h>
#include <map>
#include <rapidcheck.h>

#include "base/files.h"
#include "base/subprocess.h"
#include "data/json.h"
#include "data/yaml.h"
#include "distro/k3s/bootstrap_document.h"
#include "distro/k3s/install.h"
#include "standalone/embedded.h"
#include "standalone/plan_text.h"
#include "standalone/testing.h"
#include "standalone/written_commands.h"

namespace slipway::standalone {
namespace {

using data::Json;
using testing::configuration_text;
using testing::document_of;

std::string example(const std::string& name) {
  return base::read_file(std::string(SLIPWAY_API_FOLDER) + "/standalone/" + name).value_or("");
}

bool has_cloud_init() {
  const auto found = base::run_process({.argv = {"cloud-init", "--version"}});
  return found && found->exit_code == 0;
}

// Debian's own check of a document.
void expect_cloud_init_accepts(const std::string& text) {
  const auto folder = base::TemporaryFolder::create("standalone-test");
  const std::string file = (folder->path() / "user-data").string();
  ASSERT_TRUE(base::write_file_atomically(file, text, 0600));
  const auto checked = base::run_process({.argv = {"cloud-init", "schema", "--config-file", file}});
  EXPECT_EQ(checked->exit_code, 0) << checked->standard_output << checked->standard_error << text;
}

TEST(FirstBootDocument, CloudInitAcceptsTheShippedExamples) {
  if (!has_cloud_init()) GTEST_SKIP() << "cloud-init is not installed";
  for (const char* name : {"default.yaml", "examples/proposal.yaml", "examples/site.yaml"}) {
    SCOPED_TRACE(name);
    const auto text = render_first_boot(testing::read(example(name)));
    ASSERT_TRUE(text);
    expect_cloud_init_accepts(*text);
  }
}

TEST(FirstBootDocument, SameConfigurationSameBytes) {
  const std::string text = example("examples/proposal.yaml");
  EXPECT_EQ(*render_first_boot(testing::read(text)), *render_first_boot(testing::read(text)));
}

// The proposal's example: what each of its fields becomes.
TEST(FirstBootDocument, TheProposalsExample) {
  const cloudinit::Document document = document_of(example("examples/proposal.yaml"));
  ASSERT_EQ(document.users.size(), 1u);
  EXPECT_EQ(document.users[0].name, "root");
  EXPECT_TRUE(document.users[0].password_hash.starts_with("$6$"));
  const std::string toml = testing::staged(document, "files/0000");
  EXPECT_TRUE(toml.starts_with("{{ template \"base\" . }}\n"));
  const Json config = *data::parse_yaml(testing::staged(document, "files/0001"));
  EXPECT_TRUE(config["disable-cloud-controller"].bool_or(false));
  EXPECT_FALSE(config.contains("disable"));  // cloudController is none of K3s' components
  EXPECT_EQ(config.text({"cluster-cidr"}), "10.42.0.0/16");
  EXPECT_EQ(config["kube-apiserver-arg"].size(), 2u);  // the user's ciphers, without the default list
  EXPECT_NE(testing::staged(document, "commands").find("export HTTPS_PROXY=http://proxy.example.com\n"),
            std::string::npos);
  EXPECT_EQ(testing::staged(document, "environment"),
            "http_proxy=http://proxy.example.com\nHTTP_PROXY=http://proxy.example.com\n"
            "https_proxy=http://proxy.example.com\nHTTPS_PROXY=http://proxy.example.com\n"
            "no_proxy=localhost,127.0.0.1,10.0.0.0/8,192.168.0.0/16,.example.com\n"
            "NO_PROXY=localhost,127.0.0.1,10.0.0.0/8,192.168.0.0/16,.example.com\n");
}

TEST(FirstBootDocument, FilesMadeFromOtherFields) {
  const Configuration configuration = testing::read(example("examples/site.yaml"));
  std::map<std::string, cloudinit::WriteFile> files;
  for (const cloudinit::WriteFile& file : configuration.files) files[file.path] = file;
  EXPECT_EQ(files["/etc/sudoers.d/90-slipway-admin"].content, "admin ALL=(ALL:ALL) ALL\n");
  EXPECT_EQ(files["/etc/sudoers.d/90-slipway-admin"].permissions, "0440");
  const auto& registries = files["/etc/rancher/k3s/registries.yaml"];
  EXPECT_EQ(registries.permissions, "0600");
  const Json mirrors = (*data::parse_yaml(registries.content))["mirrors"];
  EXPECT_EQ(mirrors.get({"docker.io", "endpoint"}).items()[0].string_or_empty(),
            "https://registry.site.example.com:5000");
  EXPECT_TRUE(mirrors.contains("*"));
  const Json chart = *data::parse_yaml(files["/var/lib/rancher/k3s/server/manifests/monitoring.yaml"].content);
  EXPECT_EQ(chart.text({"kind"}), "HelmChart");
  EXPECT_EQ(chart.text({"spec", "valuesContent"}), "replicas: 1\n");
  EXPECT_EQ(files["/var/lib/rancher/k3s/server/manifests/site-namespace.yaml"].content,
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: site\n");
  EXPECT_EQ(configuration.hostname, "edge-1");
  EXPECT_EQ(configuration.fqdn, "edge-1.site.example.com");
}

// The provider's renderer makes the same files and commands; standalone only puts them on a stage.
TEST(FirstBootDocument, IsTheProvidersDocumentOnAStage) {
  const Configuration configuration = testing::read(example("examples/proposal.yaml"));
  const auto provider = distro::k3s::bootstrap_document(
      {.spec = configuration.spec, .version = "v1.36.3+k3s1", .files = configuration.files});
  ASSERT_TRUE(provider);
  const cloudinit::Document document = document_of(example("examples/proposal.yaml"));
  std::string commands;
  for (const cloudinit::Command& command : provider->run_commands) commands += cloudinit::shell_text(command) + "\n";
  EXPECT_TRUE(testing::staged(document, "commands").ends_with(commands));
  for (std::size_t i = 0; i < provider->files.size(); ++i)
    EXPECT_EQ(testing::staged(document, fmt::format("files/{:04}", i)), provider->files[i].content);
}

rc::Gen<std::string> any_text() {
  return rc::gen::container<std::string>(rc::gen::oneOf(
      rc::gen::inRange<char>(0x20, 0x7f), rc::gen::element('\n', '\'', '"', '$', '`', '\\', ':', '#', '{', '%')));
}

// A valid configuration: free texts are anything, the others come out of lists.
Json random_configuration() {
  const auto some = [](const char* one, const char* two) {
    return *rc::gen::element(std::string(one), std::string(two));
  };
  Json files = Json::array();
  const int count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i)
    files.append(Json::object({{"path", fmt::format("{}/made/{} {}", some("/etc", "/var/lib"), i, some("x", "ü"))},
                               {"permissions", some("0600", "755")},
                               {"content", *any_text()}}));
  Json commands = Json::array();
  for (const std::string& line : *rc::gen::container<std::vector<std::string>>(any_text()))
    if (line.find_first_not_of(" \n") != line.npos) commands.append(line);
  Json user =
      Json::object({{"username", some("admin", "root")},
                    {"password", "word " + *rc::gen::container<std::string>(rc::gen::inRange<char>(0x20, 0x7f))},
                    {"sudo", *rc::gen::arbitrary<bool>()}});
  Json spec = Json::object(
      {{"preK3sCommands", commands},
       {"files", std::move(files)},
       {"agentConfig", Json::object({{"nodeLabels", Json::array({some("a=b", "example.com/x=")})}})},
       {"serverConfig", Json::object({{"clusterCidr", some("10.50.0.0/16", "10.50.0.0/16,fd00::/56")},
                                      {"disableComponents", Json::array({some("traefik", "cloudController")})}})}});
  if (spec.get({"serverConfig", "clusterCidr"}).string_or_empty().find(',') != std::string::npos)
    spec.at("serverConfig").set("serviceCidr", "10.43.0.0/16,fd01::/112");
  return Json::object(
      {{"version", "1.0"},
       {"operatingSystem",
        Json::object({{"users", Json::array({std::move(user)})}, {"timezone", some("UTC", "Europe/Berlin")}})},
       {"kubernetes",
        Json::object({{"kind", "KThreesControlPlaneTemplate"},
                      {"apiVersion", "controlplane.cluster.x-k8s.io/v1beta2"},
                      {"spec", Json::object({{"template", Json::object({{"spec", std::move(spec)}})}})}})}});
}

TEST(FirstBootDocument, WhatIsWrittenIsWhatHappens) {
  const std::string installation = *distro::k3s::install_command({.air_gapped = true}) + "\n";
  EXPECT_TRUE(rc::check([&] {
    const Json wanted = random_configuration();
    const cloudinit::Document document = document_of(data::to_yaml(wanted));
    RC_ASSERT(document.run_commands.size() == 1u);
    RC_ASSERT(testing::staged(document, "first-boot") == first_boot_script());
    const auto written = testing::read_written_commands(testing::staged(document, "commands"), installation);
    RC_ASSERT(written.has_value());
    const Json& spec = wanted.get({"kubernetes", "spec", "template", "spec"});
    RC_ASSERT(written->before.size() == spec["preK3sCommands"].size());
    for (std::size_t i = 0; i < written->before.size(); ++i)
      RC_ASSERT(written->before[i] == spec["preK3sCommands"].items()[i].string_or_empty());
    for (std::size_t i = 0; i < spec["files"].size(); ++i)
      RC_ASSERT(testing::staged(document, fmt::format("files/{:04}", i)) == spec["files"].items()[i].text({"content"}));
  }));
}

TEST(FirstBootDocument, CloudInitAcceptsRandomConfigurations) {
  if (!has_cloud_init()) GTEST_SKIP() << "cloud-init is not installed";
  std::vector<std::string> texts;
  rc::check([&] {
    if (texts.size() >= 8) return;
    const auto text = render_first_boot(testing::read(data::to_yaml(random_configuration())));
    RC_ASSERT(text.has_value());
    texts.push_back(*text);
  });
  ASSERT_EQ(texts.size(), 8u);
  for (const std::string& text : texts) expect_cloud_init_accepts(text);
}

TEST(PlanText, TellsTheStepsAndNoSecret) {
  const std::string plan = plan_text(testing::read(example("examples/site.yaml")));
  for (const char* part :
       {"Name the host edge-1.site.example.com.", "user admin: login by password, 1 SSH key(s), groups video",
        "Write /etc/rancher/k3s/registries.yaml", "clusterCidr 10.42.0.0/16", "Run before K3s: 'sysctl --system'",
        "/opt/install.sh, with the proxies", "Nothing is downloaded"})
    EXPECT_NE(plan.find(part), std::string::npos) << part << "\n" << plan;
  EXPECT_EQ(plan.find("a secret"), std::string::npos);
  EXPECT_EQ(plan.find("$6$"), std::string::npos);
}

}  // namespace
}  // namespace slipway::standalone
