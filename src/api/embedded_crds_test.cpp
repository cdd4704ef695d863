#include "api/embedded_crds.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

#include "data/yaml.h"

namespace slipway::api {
namespace {

TEST(EmbeddedCrds, AreTheBytesOfTheFolder) {
  EXPECT_GE(embedded_crds().size(), 15u);
  for (const EmbeddedFile& file : embedded_crds()) {
    std::ifstream stream(std::string(SLIPWAY_API_FOLDER "/crds/") + std::string(file.name()), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_FALSE(bytes.empty()) << file.name();
    EXPECT_EQ(file.content(), bytes) << file.name();
  }
}

TEST(EmbeddedCrds, EachIsOneDefinitionNamedAsItsFile) {
  for (const EmbeddedFile& file : embedded_crds()) {
    const auto crd = data::parse_yaml(file.content());
    ASSERT_TRUE(crd) << file.name() << ": " << crd.error().message();
    EXPECT_EQ(crd->text({"kind"}), "CustomResourceDefinition");
    const std::string& group = crd->text({"spec", "group"});
    const std::string& plural = crd->text({"spec", "names", "plural"});
    EXPECT_EQ(crd->text({"metadata", "name"}), plural + "." + group);
    EXPECT_EQ(file.name(), group + "_" + plural + ".yaml");
    int stored = 0;
    for (const data::Json& version : crd->get({"spec", "versions"}).items())
      stored += version["storage"].bool_or(false);
    EXPECT_EQ(stored, 1) << file.name();
  }
}

}  // namespace
}  // namespace slipway::api
