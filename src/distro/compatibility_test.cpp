#include "distro/compatibility.h"

#include <gtest/gtest.h>

namespace slipway::distro {
namespace {

TEST(Compatibility, Rule) {
  struct Row {
    KubernetesRequirement requirement;
    HostKubernetes host;
    bool compatible, air_gapped;
    std::string version;
  };
  const HostKubernetes image{"k3s", "v1.36.3+k3s1", true};
  for (const Row& row : {
           Row{{"k3s", "v1.36.3+k3s1"}, image, true, true, "v1.36.3+k3s1"},
           Row{{"k3s", "v1.36.1+k3s2"}, image, true, true, "v1.36.3+k3s1"},  // an older patch runs the image's
           Row{{"k3s", "v1.36.3+k3s9"}, image, true, true, "v1.36.3+k3s1"},  // same patch, another build
           Row{{"k3s", "v1.36.4+k3s1"}, image, false, false, ""},
           Row{{"k3s", "v1.35.3+k3s1"}, image, false, false, ""},
           Row{{"k3s", "v1.37.0+k3s1"}, image, false, false, ""},
           Row{{"k3s", "v2.36.3+k3s1"}, image, false, false, ""},
           Row{{"k3s", ""}, image, true, true, "v1.36.3+k3s1"},
           Row{{"k3s", "latest"}, image, false, false, ""},
           Row{{"k3s", "v1.30.0+k3s1"}, {"", "", false}, true, false, "v1.30.0+k3s1"},
           Row{{"k3s", "v1.30.0+k3s1"}, {"k3s", "v1.36.3+k3s1", false}, true, false, "v1.30.0+k3s1"},
           Row{{"rke2", "v1.30.0+rke2r1"}, image, true, false, "v1.30.0+rke2r1"},
           Row{{"k3s", "v1.36.3+k3s1"}, {"k3s", "unknown", true}, false, false, ""},
       }) {
    const Compatibility result = check_compatibility(row.requirement, row.host);
    EXPECT_EQ(result.compatible, row.compatible)
        << row.requirement.version << " on " << row.host.version << ": " << result.reason;
    EXPECT_EQ(result.air_gapped, row.air_gapped) << row.requirement.version;
    EXPECT_EQ(result.version, row.version);
    EXPECT_FALSE(result.reason.empty());
  }
}

}  // namespace
}  // namespace slipway::distro
