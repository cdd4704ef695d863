#include <gtest/gtest.h>

#include "data/yaml.h"
#include "distro/k3s/config.h"
#include "standalone/configuration.h"
#include "standalone/embedded.h"
#include "templates/cluster_class.h"
#include "templates/default_template.h"

namespace slipway {
namespace {

using data::Json;

// The cluster that the orchestrator makes from its default template: the KThreesConfigSpec of its control plane.
Json default_of_the_orchestrator() {
  const auto objects = templates::render_cluster_class(templates::default_cluster_template("default"));
  EXPECT_TRUE(objects);
  for (const Json& object : objects.value_or(std::vector<Json>()))
    if (object.text({"kind"}) == "KThreesControlPlaneTemplate") return object;
  ADD_FAILURE() << "no KThreesControlPlaneTemplate";
  return {};
}

TEST(StandaloneDefault, IsTheOrchestratorsDefaultTemplate) {
  const Json orchestrator = default_of_the_orchestrator();
  const auto file = data::parse_yaml(standalone::default_configuration());
  ASSERT_TRUE(file);
  const Json& kubernetes = (*file)["kubernetes"];
  EXPECT_EQ(kubernetes["kind"], orchestrator["kind"]);
  EXPECT_EQ(kubernetes["apiVersion"], orchestrator["apiVersion"]);
  EXPECT_EQ(data::to_yaml(kubernetes["spec"]), data::to_yaml(orchestrator["spec"]));
}

TEST(StandaloneDefault, GivesK3sTheSameConfiguration) {
  const Json spec = default_of_the_orchestrator().get({"spec", "template", "spec", "kthreesConfigSpec"});
  const auto read = standalone::read_configuration(standalone::default_configuration());
  ASSERT_TRUE(read.configuration);
  EXPECT_TRUE(read.problems.empty());
  const auto here = distro::k3s::render_config({.spec = read.configuration->spec});
  const auto there = distro::k3s::render_config({.spec = spec});
  ASSERT_TRUE(here && there);
  EXPECT_EQ(*here, *there);
}

}  // namespace
}  // namespace slipway
