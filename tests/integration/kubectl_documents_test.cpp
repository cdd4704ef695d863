// What kubectl reads from the documents of the API: discovery, OpenAPI.
#include <fmt/core.h>

#include "api/embedded_crds.h"
#include "data/json_text.h"
#include "tests/integration/kubectl_fixture.h"

namespace slipway::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

// All of Slipway's own kinds.
class KubectlDocuments : public KubectlTest {
 protected:
  std::vector<std::string> more_crds() const override {
    std::vector<std::string> crds;
    const auto files = api::embedded_crds();
    for (const auto& file : files) crds.emplace_back(file.content());
    return crds;
  }
};
SLIPWAY_WITH_EVERY_KUBECTL(KubectlDocuments);

TEST_P(KubectlDocuments, ExplainShowsOurKinds) {
  const std::string host = run({"explain", "host.spec"});
  EXPECT_THAT(host, AllOf(HasSubstr("GROUP:      inventory.slipway.dev"), HasSubstr("KIND:       Host"),
                          HasSubstr("FIELDS:"), HasSubstr("consumerRef")));
  const std::string recursive = run({"explain", "cluster", "--recursive"});
  EXPECT_THAT(recursive, AllOf(HasSubstr("controlPlaneEndpoint"), HasSubstr("ownerReferences"), HasSubstr("topology")));
  EXPECT_THAT(run({"explain", "clusters.spec.topology", "--api-version=cluster.x-k8s.io/v1beta1"}),
              HasSubstr("VERSION:    v1beta1"));
  EXPECT_THAT(run({"explain", "widget.spec.size"}), AllOf(HasSubstr("FIELD: size <integer>")));
  EXPECT_THAT(fail({"explain", "widget.spec.colour"}), HasSubstr("field \"colour\" does not exist"));
}

TEST_P(KubectlDocuments, ExplainShowsBuiltInKinds) {
  EXPECT_THAT(run({"explain", "configmap"}),
              AllOf(HasSubstr("KIND:       ConfigMap"), HasSubstr("binaryData\t<map[string]string>"),
                    HasSubstr("metadata\t<ObjectMeta>"), HasSubstr("is not confidential")));
  EXPECT_THAT(run({"explain", "configmap.metadata.ownerReferences.uid"}), HasSubstr("FIELD: uid <string>"));
  EXPECT_THAT(run({"explain", "lease.spec"}), HasSubstr("FIELD: spec <LeaseSpec>"));
  EXPECT_THAT(run({"explain", "events", "--recursive"}), HasSubstr("involvedObject"));
  EXPECT_THAT(run({"explain", "namespace.status.conditions"}), HasSubstr("<[]NamespaceCondition>"));
}

TEST_P(KubectlDocuments, ResourcesAreDiscovered) {
  const std::string wide = run({"api-resources", "-o", "wide"});
  EXPECT_THAT(wide, HasSubstr("create,delete,deletecollection,get,list,patch,update,watch"));
  EXPECT_THAT(wide, MatchesRegex("(.|\n)*configmaps +cm +v1 +true +ConfigMap +create,delete.*(.|\n)*"));
  EXPECT_THAT(wide, MatchesRegex("(.|\n)*kthreescontrolplanes +kcp3 +controlplane.cluster.x-k8s.io/v1beta2 +true "
                                 "+KThreesControlPlane +.*watch +cluster-api\n(.|\n)*"));
  EXPECT_THAT(run({"api-resources", "--categories=all", "-o", "name"}),
              AllOf(HasSubstr("widgets.example.com"), Not(HasSubstr("configmaps"))));
  EXPECT_THAT(run({"api-resources", "--verbs=list", "--namespaced=false", "-o", "name"}),
              AllOf(HasSubstr("namespaces\n"), Not(HasSubstr("configmaps"))));
  EXPECT_THAT(run({"api-versions"}), AllOf(HasSubstr("cluster.x-k8s.io/v1beta1\n"),
                                           HasSubstr("cluster.x-k8s.io/v1beta2\n"), HasSubstr("\nv1\n")));
  EXPECT_THAT(run({"get", "--raw", "/apis/controlplane.cluster.x-k8s.io/v1beta2"}),
              AllOf(HasSubstr("kthreescontrolplanes/scale"), HasSubstr("storageVersionHash")));
}

TEST_P(KubectlDocuments, ExplainShowsEveryField) {
  for (const char* resource :
       {"hosts", "instances", "osprofiles", "clusters", "clusterclasses", "machines", "kthreescontrolplanes",
        "kthreesconfigs", "intelclusters", "intelmachines", "clustertemplates"})
    EXPECT_THAT(run({"explain", resource, "--recursive"}), HasSubstr("finalizers")) << resource;
}

}  // namespace
}  // namespace slipway::integration
