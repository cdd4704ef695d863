#include "agent/host_report.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/agent_options.h"
#include "agent/fake_host_test.h"

namespace slipway::agent {
namespace {

using ::testing::HasSubstr;

TEST(OsRelease, ReadsQuotesEscapesAndComments) {
  const auto os = read_os_release(
      "# comment\nNAME=\"Slipway \\\"Edge\\\"\"\nVERSION_ID='1.0'\nIMAGE_ID=edge-k3s\n"
      "IMAGE_VERSION=\"1.0.3\"\nbroken line\n");
  EXPECT_EQ(os.name, "Slipway \"Edge\"");
  EXPECT_EQ(os.version, "1.0");
  EXPECT_EQ(os.image_id, "edge-k3s");
  EXPECT_EQ(os.image_version, "1.0.3");
}

TEST(K3sVersion, Table) {
  const auto real = read_k3s_version("k3s version v1.36.3+k3s1 (6b330558)\ngo version go1.26.4\n");
  ASSERT_TRUE(real);
  EXPECT_EQ(real->version, "v1.36.3+k3s1");
  EXPECT_EQ(real->implementation, "K3s");
  EXPECT_EQ(read_k3s_version("k3s version v1.36.3+k3s1 (k3s-standin)\n")->implementation, "k3s-standin");
  EXPECT_FALSE(read_k3s_version(""));
  EXPECT_FALSE(read_k3s_version("k3s version unknown\n"));
  EXPECT_FALSE(read_k3s_version("Segmentation fault\n"));
}

class MachineIdentityTest : public ::testing::Test {
 protected:
  void TearDown() override {
    ::unsetenv("SLIPWAY_AGENT_SERIAL");
    ::unsetenv("SLIPWAY_AGENT_UUID");
  }
  testing::FakeHost host;
};

TEST_F(MachineIdentityTest, ReadsFirmwareAndNormalizes) {
  host.write("/sys/class/dmi/id/product_serial", " SN-7 \n");
  host.write("/sys/class/dmi/id/product_uuid", "6F1B2C3D-0000-4000-8000-00000000000A\n");
  const auto machine = read_machine_identity(host.root());
  ASSERT_TRUE(machine);
  EXPECT_EQ(machine->serial_number, "SN-7");
  EXPECT_EQ(machine->uuid, "6f1b2c3d-0000-4000-8000-00000000000a");
}

TEST_F(MachineIdentityTest, FillerIsNoSerialNumber) {
  host.write("/sys/class/dmi/id/product_serial", "To Be Filled By O.E.M.\n");
  const auto machine = read_machine_identity(host.root());
  ASSERT_FALSE(machine);
  EXPECT_THAT(machine.error().message(), HasSubstr("SLIPWAY_AGENT_SERIAL"));
}

TEST_F(MachineIdentityTest, EnvironmentStandsIn) {
  ::setenv("SLIPWAY_AGENT_SERIAL", "SN-8", 1);
  EXPECT_EQ(read_machine_identity(host.root())->serial_number, "SN-8");
}

TEST(HostReporter, AsksK3sOnceUntilItsFileChanges) {
  testing::FakeHost host;
  const std::string command = host.root().at(kK3sProgram).string() + " --version";
  host.commands.on(command, [](const auto&, const auto&) {
    return base::ProcessResult{.exit_code = 0, .standard_output = "k3s version v1.36.3+k3s1 (x)\n"};
  });
  for (int i = 0; i < 3; ++i) {
    HostReporter reporter(host.root(), host.data() / "version.json", host.commands);
    ASSERT_TRUE(reporter.report().kubernetes);
  }
  EXPECT_EQ(host.commands.count(command), 1);
  host.write("/usr/local/bin/k3s", "another K3s, of another size");
  HostReporter reporter(host.root(), host.data() / "version.json", host.commands);
  EXPECT_EQ(reporter.report().kubernetes->version, "v1.36.3+k3s1");
  EXPECT_EQ(host.commands.count(command), 2);
  std::filesystem::remove(host.root().at(kK3sProgram));
  EXPECT_FALSE(reporter.report().kubernetes);
}

TEST(AgentOptions, Reads) {
  const auto options = parse_agent_options(
      {"--server", "https://orch.example:6441", "--data-dir=/x", "--ca-hash", "SHA256:" + std::string(64, 'A')});
  EXPECT_FALSE(options) << "only the lower case prefix is one";
  const auto good = parse_agent_options(
      {"--server", "https://orch.example:6441/", "--data-dir=/x", "--ca-hash", "sha256:" + std::string(64, 'A')});
  ASSERT_TRUE(good) << good.error().message();
  EXPECT_EQ(good->server, (ServerAddress{"orch.example", 6441}));
  EXPECT_EQ(good->data_folder, "/x");
  EXPECT_EQ(good->ca_hash, std::string(64, 'a'));
}

TEST(AgentOptions, RefusesWithTheOptionsName) {
  const std::pair<std::vector<std::string>, const char*> table[] = {
      {{}, "--server: is missing"},
      {{"--server", "http://x:1"}, "does not begin with https://"},
      {{"--server", "https://:1"}, "has no valid host"},
      {{"--server", "https://x:99999"}, "has no valid port"},
      {{"--server"}, "--server: a value is missing"},
      {{"--surprise"}, "unknown option '--surprise'"},
      {{"--server", "https://x:1", "--ca-hash", "12"}, "--ca-hash"},
      {{"--server", "https://x:1", "--log-level", "loud"}, "--log-level: 'loud'"},
  };
  for (const auto& [arguments, message] : table) {
    const auto options = parse_agent_options(arguments);
    ASSERT_FALSE(options) << message;
    EXPECT_THAT(options.error().message(), HasSubstr(message));
  }
  EXPECT_EQ(parse_server_address("https://[::1]:5")->host, "::1");
  EXPECT_EQ(parse_server_address("https://x")->port, 443);
}

}  // namespace
}  // namespace slipway::agent
