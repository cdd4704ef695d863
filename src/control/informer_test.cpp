#include <gmock/gmock.h>
#include <map>

#include "control/faulty_client_test.h"
#include "control/watching_informer.h"

namespace slipway::control {
namespace {

using base::ErrorCode;
using testing::ElementsAre;

// What handlers were told, as "name:old>new".
class Recorder {
 public:
  Informer::Handler handler() {
    return [this](const ObjectPtr& before, const ObjectPtr& after) {
      const auto value = [](const ObjectPtr& object) { return object ? object->text({"data", "value"}) : "-"; };
      std::lock_guard lock(mutex_);
      lines_.push_back(meta::name(after ? *after : *before) + ":" + value(before) + ">" + value(after));
    };
  }
  std::vector<std::string> lines() {
    std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

struct InformerTest : testing::Test {
  TestPlane plane;
  WatchingInformer informer{plane.client, plane.clock, kube::kConfigMap};
  Recorder recorder;

  void start() {
    informer.add_handler(recorder.handler());
    informer.start();
    ASSERT_TRUE(eventually([&] { return informer.has_synced(); }));
  }
  void settle() {
    ASSERT_TRUE(eventually([&] { return informer.is_current() && informer.handlers_done(); }));
  }
};

TEST_F(InformerTest, ListsThenFollows) {
  plane.create("a");
  start();
  plane.create("b");
  plane.write("a", "2");
  plane.remove("b");
  ASSERT_TRUE(eventually([&] { return recorder.lines().size() == 4; }));
  EXPECT_THAT(recorder.lines(), ElementsAre("a:->1", "b:->1", "a:1>2", "b:1>-"));
  EXPECT_EQ(informer.get({"default", "a"})->text({"data", "value"}), "2");
  EXPECT_EQ(informer.get({"default", "b"}), nullptr);
  EXPECT_EQ(informer.list("default").size(), 1u);
  EXPECT_TRUE(informer.list("other").empty());
}

TEST_F(InformerTest, ABrokenWatchResumesWithoutListing) {
  plane.create("a");
  start();
  settle();
  const int lists = plane.client.lists;
  plane.client.mute = true;
  plane.write("a", "2");
  plane.create("b");
  plane.client.break_watches(ErrorCode::kUnavailable);
  ASSERT_TRUE(eventually([&] { return plane.client.broken == -1; }));
  plane.client.mute = false;
  ASSERT_TRUE(eventually([&] {
    plane.clock.advance(std::chrono::milliseconds(50));
    return recorder.lines().size() == 3;
  }));
  EXPECT_THAT(recorder.lines(), ElementsAre("a:->1", "a:1>2", "b:->1"));
  EXPECT_EQ(plane.client.lists, lists);
}

TEST_F(InformerTest, AnExpiredWatchListsAgainAndReportsWhatVanished) {
  plane.create("gone");
  plane.create("kept");
  plane.create("changed");
  start();
  settle();
  plane.client.mute = true;
  plane.remove("gone");
  plane.write("changed", "2");
  plane.create("new");
  const int lists = plane.client.lists;
  plane.client.break_watches(ErrorCode::kExpired);
  ASSERT_TRUE(eventually([&] { return plane.client.broken == -1; }));
  plane.client.mute = false;
  ASSERT_TRUE(eventually([&] { return recorder.lines().size() == 6; }));
  EXPECT_THAT(recorder.lines(),
              ElementsAre("changed:->1", "gone:->1", "kept:->1", "gone:1>-", "changed:1>2", "new:->1"));
  EXPECT_GT(plane.client.lists, lists);
}

TEST_F(InformerTest, IndicesFollowTheObjects) {
  informer.add_index("value",
                     [](const Json& object) { return std::vector<std::string>{object.text({"data", "value"})}; });
  plane.create("a");
  plane.create("b");
  start();
  EXPECT_EQ(informer.by_index("value", "1").size(), 2u);
  plane.write("a", "2");
  settle();
  ASSERT_EQ(informer.by_index("value", "1").size(), 1u);
  EXPECT_EQ(meta::name(*informer.by_index("value", "2").at(0)), "a");
  plane.remove("b");
  settle();
  EXPECT_TRUE(informer.by_index("value", "1").empty());
  EXPECT_TRUE(informer.by_index("no such index", "1").empty());
}

TEST_F(InformerTest, StopsWhileTheServerRefusesWatches) {
  plane.client.refuse_watches = true;
  start();
  ASSERT_TRUE(eventually([&] { return plane.client.watches > 0; }));
  informer.stop();
  informer.stop();
}

TEST_F(InformerTest, ListsInPages) {
  for (int i = 0; i < 1201; ++i) plane.create("c" + std::to_string(i));
  start();
  EXPECT_EQ(informer.list("").size(), 1201u);
  EXPECT_GE(plane.client.lists, 3);
}

}  // namespace
}  // namespace slipway::control
