#include "kube/local_client.h"

#include "kube/client_conformance_suite.h"

namespace slipway::kube {
namespace {

class LocalServer final : public ConformanceServer {
 public:
  Client& client() override { return client_; }

 private:
  registry::TestRegistry test_;
  LocalClient client_{test_.registry};
};

INSTANTIATE_TEST_SUITE_P(Local, ClientConformance,
                         testing::Values(ConformanceTarget{"local", [] { return std::make_unique<LocalServer>(); }}));

TEST(LocalClient, NamesAKindThatIsNotServed) {
  LocalServer server;
  expect_error(server.client().create(meta::make_object({"apps", "v1", "Deployment"}, {"default", "a"})),
               base::ErrorCode::kNotFound, "no matches for kind \"Deployment\" in version \"apps/v1\"");
  expect_error(server.client().create(Json::object()), base::ErrorCode::kBadRequest, "");
}

}  // namespace
}  // namespace slipway::kube
