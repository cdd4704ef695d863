#include "control/object_patch.h"

#include "control/faulty_client_test.h"
#include "meta/conditions.h"

namespace slipway::control {
namespace {

using base::ErrorCode;

struct ObjectPatchTest : testing::Test {
  TestPlane plane;
  kube::Client& client = plane.client;
};

TEST_F(ObjectPatchTest, WritesNothingWhenNothingChanged) {
  const ObjectPtr made = plane.create("a");
  const auto patched = patch_object(client, *made, *made);
  ASSERT_TRUE(patched.has_value());
  EXPECT_EQ(meta::resource_version(**client.get(kube::kConfigMap, {"default", "a"})), meta::resource_version(*made));
}

TEST_F(ObjectPatchTest, WritesOnlyTheDifference) {
  const ObjectPtr made = plane.create("a");
  plane.local
      .patch(kube::kConfigMap, {"default", "a"}, kube::PatchType::kMerge,
             Json::object({{"data", Json::object({{"other", "x"}})}}), {})
      .value();
  Json wanted = *made;
  wanted.at("data").set("value", "2");
  const auto patched = patch_object(client, *made, wanted);
  ASSERT_TRUE(patched.has_value()) << patched.error().message();
  EXPECT_EQ((*patched)->text({"data", "value"}), "2");
  EXPECT_EQ((*patched)->text({"data", "other"}), "x");
}

TEST_F(ObjectPatchTest, ListsThatOthersWriteAreGuardedByTheRevision) {
  const ObjectPtr made = plane.create("a");
  plane.write("a", "2");
  Json wanted = *made;
  meta::add_finalizer(wanted, "example.com/test");
  const auto patched = patch_object(client, *made, wanted);
  ASSERT_FALSE(patched.has_value());
  EXPECT_EQ(patched.error().code(), ErrorCode::kConflict);
  const auto ensured = ensure_finalizer(client, *made, "example.com/test");
  ASSERT_FALSE(ensured.has_value());
  EXPECT_EQ(ensured.error().code(), ErrorCode::kConflict);
}

TEST_F(ObjectPatchTest, FinalizersHoldAndRelease) {
  const ObjectPtr made = plane.create("a");
  EXPECT_TRUE(ensure_finalizer(client, *made, "example.com/test").value());
  ObjectPtr held = client.get(kube::kConfigMap, {"default", "a"}).value();
  EXPECT_FALSE(ensure_finalizer(client, *held, "example.com/test").value());
  plane.remove("a");
  held = client.get(kube::kConfigMap, {"default", "a"}).value();
  EXPECT_TRUE(meta::is_deleting(*held));
  EXPECT_TRUE(drop_finalizer(client, *held, "example.com/test").has_value());
  EXPECT_EQ(client.get(kube::kConfigMap, {"default", "a"}).error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(drop_finalizer(client, *held, "example.com/test").has_value());
}

TEST_F(ObjectPatchTest, CreateOrGetKnowsItsOwn) {
  const ObjectPtr owner = plane.create("owner");
  const ObjectPtr stranger = plane.create("stranger");
  Json object = TestPlane::config_map("a");
  meta::set_owner_reference(object, *owner, true);
  const auto first = create_or_get(client, object, owner.get());
  ASSERT_TRUE(first.has_value()) << first.error().message();
  const auto second = create_or_get(client, object, owner.get());
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(meta::uid(**first), meta::uid(**second));
  const auto foreign = create_or_get(client, object, stranger.get());
  ASSERT_FALSE(foreign.has_value());
  EXPECT_EQ(foreign.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(foreign.error().message(),
            "ConfigMap default/a exists and does not belong to ConfigMap stranger (owners: ConfigMap owner); delete or "
            "rename it");
}

}  // namespace
}  // namespace slipway::control
