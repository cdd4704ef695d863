#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "standalone/configuration.h"

namespace slipway::standalone {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The lines "# LINE:COLUMN: message" that a file begins with.
std::string expected_in(const std::string& text) {
  std::istringstream lines(text);
  std::string line, expected;
  while (std::getline(lines, line) && line.size() > 3 && line.starts_with("# ") && std::isdigit(line[2]) != 0)
    expected += line.substr(2) + "\n";
  return expected;
}

std::string found_in(const std::string& text) {
  std::string found;
  for (const Problem& problem : read_configuration(text).problems) found += to_text(problem, "f").substr(2) + "\n";
  return found;
}

// Every file of testdata/wrong is a configuration that must be refused with exactly the messages on its top.
TEST(WrongConfigurations, AreRefusedWithTheirWholeMessages) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(SLIPWAY_STANDALONE_FOLDER) / "testdata/wrong")) {
    SCOPED_TRACE(entry.path().filename().string());
    const std::string text = read(entry.path());
    EXPECT_NE(expected_in(text), "");
    EXPECT_EQ(found_in(text), expected_in(text));
    EXPECT_FALSE(read_configuration(text).configuration);
    ++count;
  }
  EXPECT_GE(count, 60u);
}

// No message repeats what may be a secret.
TEST(WrongConfigurations, SecretsStayOutOfMessages) {
  const std::string head =
      "version: 1.0\nkubernetes:\n  kind: KThreesControlPlaneTemplate\n"
      "  apiVersion: controlplane.cluster.x-k8s.io/v1beta2\n  spec: {template: {spec: {}}}\n";
  for (const std::string& part :
       {std::string("operatingSystem:\n  users:\n    - username: admin\n      password: $6$s3cret\n"),
        std::string("operatingSystem:\n  users:\n    - username: admin\n      password: s3cret password\n"),
        std::string("operatingSystem:\n  users:\n    - username: admin\n      password: \"s3cret\\x01\"\n"),
        std::string("operatingSystem:\n  proxy:\n    httpProxy: http://user:s3cret@proxy:99999\n"),
        std::string("operatingSystem:\n  proxy:\n    httpProxy: http://user:s3cret@proxy.example.com\n"),
        std::string(
            "  registries:\n    configs:\n      a.example.com:\n        auth:\n          password: \"s3cret\\n\"\n"),
        std::string("operatingSystem:\n  users:\n    - username: admin\n      password: 0x5ec3e7\n")}) {
    const std::string found = found_in(head + part);
    EXPECT_NE(found, "") << part;
    EXPECT_EQ(found.find("s3cret"), std::string::npos) << found;
    EXPECT_EQ(found.find("5ec3e7"), std::string::npos) << found;
  }
}

}  // namespace
}  // namespace slipway::standalone
