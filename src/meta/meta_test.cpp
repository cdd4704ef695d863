#include <gtest/gtest.h>

#include "data/json_text.h"
#include "meta/conditions.h"
#include "meta/object.h"
#include "meta/selector.h"

namespace slipway::meta {
namespace {

using data::Json;

Json labelled(std::string_view text) {
  return Json::object({{"metadata", Json::object({{"labels", *data::parse_json(text)}})}});
}

TEST(LabelSelector, MatchesAsKubectlDocuments) {
  struct Row {
    std::string_view selector, labels;
    bool matches;
  };
  for (const Row& row :
       {Row{"", "{}", true}, Row{"a=b", R"({"a":"b"})", true}, Row{"a==b", R"({"a":"c"})", false},
        Row{"a!=b", "{}", true}, Row{"a in (b,c)", R"({"a":"c"})", true}, Row{"a notin (b)", R"({"a":"b"})", false},
        Row{"a,!z", R"({"a":""})", true}, Row{"a,!z", R"({"a":"","z":"1"})", false},
        Row{"a=b,c=d", R"({"a":"b"})", false}, Row{"a>9", R"({"a":"10"})", true},
        Row{"a>9,a<11", R"({"a":"9"})", false}, Row{"a<11", R"({"a":"x"})", false}, Row{"a<11", "{}", false}}) {
    const auto selector = LabelSelector::parse(row.selector);
    ASSERT_TRUE(selector) << row.selector;
    EXPECT_EQ(selector->matches(labelled(row.labels)), row.matches) << row.selector << " on " << row.labels;
    EXPECT_EQ(LabelSelector::parse(selector->text())->matches(labelled(row.labels)), row.matches) << selector->text();
  }
  for (const std::string_view bad :
       {"a=b=c!", "a in b", "=x", "a b", "a,,b", "a>b", "a>1>2", "a=-b", "A_b/c=d", "a/b/c"})
    EXPECT_FALSE(LabelSelector::parse(bad)) << bad;
}

TEST(LabelSelector, NamesEveryKeyAndValueThatNoLabelCanHave) {
  EXPECT_EQ(LabelSelector::parse("/b>x").error().message(),
            "unable to parse requirement: [key: Invalid value: \"/b\": prefix part must be non-empty, values[0]: "
            "Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer]");
}

TEST(FieldSelector, ComparesNestedStrings) {
  const Json object = *data::parse_json(R"({"metadata":{"name":"x"},"status":{"phase":"Running"}})");
  EXPECT_TRUE(FieldSelector::parse("metadata.name=x,status.phase!=Failed")->matches(object));
  EXPECT_FALSE(FieldSelector::parse("metadata.name!=x")->matches(object));
  EXPECT_TRUE(FieldSelector::equals("status.phase", "Running").matches(object));
  for (const std::string_view bad : {"metadata.name", "a=b=c", R"(a=\b)", R"(a=b\)"})
    EXPECT_FALSE(FieldSelector::parse(bad)) << bad;
}

TEST(FieldSelector, ValuesMayHoldAnything) {
  for (const std::string value : {"", "plain", "a,b", "a=b", R"(a\b)", R"(\\,=,)", "x!=y"}) {
    const auto again = FieldSelector::parse(FieldSelector::equals("spec.serialNumber", value).text());
    ASSERT_TRUE(again) << value << ": " << again.error().message();
    ASSERT_EQ(again->requirements().size(), 1u) << value;
    EXPECT_EQ(again->requirements()[0].value, value);
    EXPECT_TRUE(again->requirements()[0].equal);
  }
}

TEST(Conditions, TransitionTimeMovesOnlyWithTheStatus) {
  Json object = Json::object();
  const base::WallTime first{std::chrono::seconds(1000)}, later{std::chrono::seconds(2000)};
  EXPECT_TRUE(set_condition(object, {"Ready", ConditionStatus::kFalse, "Waiting", "for a"}, first));
  EXPECT_FALSE(set_condition(object, {"Ready", ConditionStatus::kFalse, "Waiting", "for a"}, later));
  EXPECT_TRUE(set_condition(object, {"Ready", ConditionStatus::kFalse, "Waiting", "for b"}, later));
  EXPECT_EQ(find_condition(object, "Ready").text({"lastTransitionTime"}), base::format_rfc3339(first));
  EXPECT_TRUE(set_condition(object, {"Ready", ConditionStatus::kTrue, "Ready", ""}, later));
  EXPECT_EQ(find_condition(object, "Ready").text({"lastTransitionTime"}), base::format_rfc3339(later));
  EXPECT_TRUE(is_condition_true(object, "Ready"));
}

TEST(Conditions, ListsInsideAMessageAreMovedIn) {
  EXPECT_EQ(indent_lines("one line"), " one line");
  EXPECT_EQ(indent_lines("* A: x"), "\n  * A: x");
  EXPECT_EQ(indent_lines("* A: x\n* B: y"), "\n  * A: x\n  * B: y");
}

TEST(Conditions, SummaryFollowsClusterApi) {
  Json object = Json::object();
  const base::WallTime now{};
  const std::vector<SummaryInput> inputs{
      {"Deleting", true, false}, {"Bootstrap", false, false}, {"Health", false, true}};
  EXPECT_EQ(summarize_conditions(object, "Ready", inputs).status, ConditionStatus::kUnknown);
  set_condition(object, {"Deleting", ConditionStatus::kFalse, "NotDeleting", ""}, now);
  set_condition(object, {"Bootstrap", ConditionStatus::kFalse, "Waiting", "waiting for x"}, now);
  const Condition failed = summarize_conditions(object, "Ready", inputs);
  EXPECT_EQ(failed.status, ConditionStatus::kFalse);
  EXPECT_EQ(failed.reason, "IssuesReported");
  EXPECT_EQ(failed.message, "* Bootstrap: waiting for x");
  set_condition(object, {"Bootstrap", ConditionStatus::kTrue, "Done", ""}, now);
  EXPECT_EQ(summarize_conditions(object, "Ready", inputs).status, ConditionStatus::kTrue);
}

TEST(Object, OwnersAndFinalizers) {
  Json owner = make_object({"g", "v1", "Owner"}, {"ns", "o"});
  owner.at("metadata").set("uid", "u1");
  Json child = make_object({"", "v1", "Child"}, {"ns", "c"});
  EXPECT_TRUE(set_owner_reference(child, owner, true));
  EXPECT_FALSE(set_owner_reference(child, owner, true));
  ASSERT_NE(controller_reference(child), nullptr);
  EXPECT_EQ(owner_of_kind(child, {"g", "Owner"})->text({"uid"}), "u1");
  EXPECT_EQ(owner_of_kind(child, {"other", "Owner"}), nullptr);
  EXPECT_TRUE(add_finalizer(child, "f"));
  EXPECT_FALSE(add_finalizer(child, "f"));
  EXPECT_TRUE(remove_finalizer(child, "f"));
  EXPECT_FALSE(child["metadata"].contains("finalizers"));
}

}  // namespace
}  // namespace slipway::meta
