#include "api/cluster/references.h"

#include <gtest/gtest.h>

#include "api/embedded_crds.h"
#include "data/yaml.h"

namespace slipway::api::cluster {
namespace {

using data::Json;

TEST(References, KnowTheStoredVersionOfEveryShippedProviderGroup) {
  for (const EmbeddedFile& file : embedded_crds()) {
    const auto crd = data::parse_yaml(file.content());
    ASSERT_TRUE(crd) << file.name();
    const std::string& group = crd->text({"spec", "group"});
    if (!group.ends_with("cluster.x-k8s.io")) continue;
    for (const Json& version : crd->get({"spec", "versions"}).items())
      if (version["storage"].bool_or(false)) {
        EXPECT_EQ(version_of_group(group), version.text({"name"})) << file.name();
      }
  }
}

TEST(References, NameAKindWithOrWithoutItsVersion) {
  const Json by_group = Json::object({{"apiGroup", "bootstrap.cluster.x-k8s.io"}, {"kind", "KThreesConfig"}});
  EXPECT_EQ(kind_of_reference(by_group), (meta::Gvk{"bootstrap.cluster.x-k8s.io", "v1beta2", "KThreesConfig"}));
  const Json by_version = Json::object({{"apiVersion", "example.com/v7"}, {"kind", "Thing"}});
  EXPECT_EQ(kind_of_reference(by_version), (meta::Gvk{"example.com", "v7", "Thing"}));
  EXPECT_EQ(kind_of_reference(Json::object({{"kind", "Secret"}})), (meta::Gvk{"", "v1", "Secret"}));
}

TEST(References, PointAtAnObject) {
  const Json object = Json::object({{"apiVersion", "infrastructure.cluster.x-k8s.io/v1alpha1"},
                                    {"kind", "IntelMachine"},
                                    {"metadata", Json::object({{"name", "m"}})}});
  EXPECT_EQ(reference_to(object),
            Json::object({{"apiGroup", "infrastructure.cluster.x-k8s.io"}, {"kind", "IntelMachine"}, {"name", "m"}}));
}

}  // namespace
}  // namespace slipway::api::cluster
