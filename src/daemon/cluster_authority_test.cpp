#include "daemon/cluster_authority.h"

#include <gmock/gmock.h>

#include "daemon/resource_plane.h"
#include "data/encoding.h"
#include "store/memory/memory_store.h"

namespace slipway::daemon {
namespace {

using base::ErrorCode;
using data::Json;
using testing::HasSubstr;

struct ClusterAuthorityTest : testing::Test {
  std::unique_ptr<ResourcePlane> plane =
      *ResourcePlane::over(store::make_memory_store(), ResourcePlane::Kinds::kKubernetes);
  kube::Client& client = plane->client();
  const meta::ObjectKey key{"default", std::string(kAuthorityName)};

  base::Result<pki::KeyAndCertificate> load() {
    return load_or_create_cluster_authority(client, "default", base::SystemClock::instance().now());
  }
};

TEST_F(ClusterAuthorityTest, IsMadeOnceAndShared) {
  const auto made = load();
  ASSERT_TRUE(made) << made.error().message();
  const Json secret = **client.get(kube::kSecret, key);
  EXPECT_EQ(secret.text({"type"}), "kubernetes.io/tls");
  EXPECT_TRUE(secret["immutable"].bool_or(false));
  EXPECT_EQ((**client.get(kube::kConfigMap, key)).text({"data", "ca.crt"}), made->certificate_pem);
  const auto again = load();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->key_pem, made->key_pem);
}

TEST_F(ClusterAuthorityTest, ACrashBetweenItsTwoObjectsLosesNothing) {
  const auto made = load();
  ASSERT_TRUE(client.remove(kube::kConfigMap, key));
  const auto again = load();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->key_pem, made->key_pem);
  EXPECT_TRUE(client.get(kube::kConfigMap, key));
}

TEST_F(ClusterAuthorityTest, ALostOrBrokenKeyIsNeverReplaced) {
  ASSERT_TRUE(load());
  ASSERT_TRUE(client.remove(kube::kSecret, key));
  const auto lost = load();
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().message(), HasSubstr("Secret default/slipway-ca is gone"));
  EXPECT_FALSE(client.get(kube::kSecret, key));

  Json secret = meta::make_object(kube::kSecret, key);
  secret.set("type", "kubernetes.io/tls");
  secret.set("data", Json::object({{"tls.crt", data::base64_encode("x")}, {"tls.key", data::base64_encode("y")}}));
  ASSERT_TRUE(client.create(secret));
  const auto broken = load();
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code(), ErrorCode::kCorrupt);
  EXPECT_THAT(broken.error().message(), HasSubstr("restore it from a backup"));
}

}  // namespace
}  // namespace slipway::daemon
