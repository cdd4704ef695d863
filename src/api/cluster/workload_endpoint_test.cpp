#include "api/cluster/workload_endpoint.h"

#include <gtest/gtest.h>

namespace slipway::api::cluster {
namespace {

TEST(WorkloadEndpoint, ThereAndBack) {
  for (const meta::ObjectKey& key : {meta::ObjectKey{"default", "site-1"}, {"edge", "a.b.c"}})
    EXPECT_EQ(cluster_of_server_name(workload_server_name(key)), key);
  EXPECT_EQ(workload_server_name({"edge", "c1"}), "c1.edge.clusters.slipway.internal");
  EXPECT_EQ(cluster_of_server_name("C1.Edge.Clusters.Slipway.Internal"), (meta::ObjectKey{"edge", "c1"}));
  for (const std::string_view other :
       {"", "c1.edge", "clusters.slipway.internal", ".clusters.slipway.internal", "c1.clusters.slipway.internal",
        ".edge.clusters.slipway.internal", "c1..clusters.slipway.internal", "c1.edge.clusters.slipway.internal.evil"})
    EXPECT_FALSE(cluster_of_server_name(other)) << other;
}

}  // namespace
}  // namespace slipway::api::cluster
