#include "registry/apply/managed_fields.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

TEST(ManagedFields, ComeBackSorted) {
  const data::Json list = json(R"([
    {"manager": "u", "operation": "Update", "apiVersion": "v1", "time": "2024-01-01T00:00:00Z",
     "fieldsType": "FieldsV1", "fieldsV1": {"f:a": {}}},
    {"manager": "b", "operation": "Apply", "apiVersion": "v1", "time": "2025-01-01T00:00:00Z",
     "fieldsType": "FieldsV1", "fieldsV1": {"f:b": {}}, "subresource": "status"},
    {"manager": "a", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:c": {}}}])");
  const auto managed = decode_managed_fields(list);
  ASSERT_TRUE(managed);
  const data::Json encoded = encode_managed_fields(*managed);
  ASSERT_EQ(encoded.size(), 3u);
  EXPECT_EQ(encoded.items()[0], list.items()[2]);
  EXPECT_EQ(encoded.items()[1], list.items()[1]);
  EXPECT_EQ(encoded.items()[2], list.items()[0]);
  EXPECT_TRUE(encode_managed_fields({}).is_null());
}

TEST(ManagedFields, IdentityIsThatOfKubernetes) {
  ManagedEntry entry{"m", FieldOperation::kUpdate, "v1", "status", "", {}};
  EXPECT_EQ(entry.identity(), R"({"manager":"m","operation":"Update","apiVersion":"v1","subresource":"status"})");
  // An applier that comes with another version stays who it is.
  entry.operation = FieldOperation::kApply;
  EXPECT_EQ(entry.identity(), R"({"manager":"m","operation":"Apply","subresource":"status"})");
}

TEST(ManagedFields, RefusedWithTheReason) {
  struct Row {
    std::string_view entry, why;
  };
  for (const Row& row : {
           Row{R"({})", "operation must be `Apply` or `Update`"},
           Row{R"({"operation": "Patch"})", "operation must be `Apply` or `Update`"},
           Row{R"({"operation": "Update"})", "apiVersion must not be empty"},
           Row{R"({"operation": "Update", "apiVersion": "v1"})", "missing fieldsType in managed fields entry 0"},
           Row{R"({"operation": "Update", "apiVersion": "v1", "fieldsType": "x"})",
               "invalid fieldsType \"x\" in managed fields entry 0"},
           Row{R"({"operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"x": {}}})",
               "\"x\" is no path element"},
       }) {
    const auto managed = decode_managed_fields(data::Json::array({json(row.entry)}));
    ASSERT_FALSE(managed) << row.entry;
    EXPECT_NE(managed.error().message().find(row.why), std::string::npos) << managed.error().message();
  }
}

TEST(ManagedFields, ResetIsAskedForInTwoWays) {
  EXPECT_TRUE(is_reset(json("[]")));
  EXPECT_TRUE(is_reset(json("[{}]")));
  EXPECT_FALSE(is_reset(json("null")));
  EXPECT_FALSE(is_reset(json("[{}, {}]")));
  EXPECT_FALSE(is_reset(json(R"([{"manager": "a"}])")));
}

TEST(ManagedFields, OldUpdatesBecomeOne) {
  ManagedFields managed;
  const auto add = [&](int number, FieldOperation operation, const std::string& version) {
    FieldSet fields;
    fields.insert({PathElement::field(fmt::format("f{}", number))});
    ManagedEntry entry{fmt::format("m{:02}", number),
                       operation,
                       version,
                       "",
                       fmt::format("2024-01-01T00:00:{:02}Z", number),
                       std::move(fields)};
    std::string identity = entry.identity();
    managed.emplace(std::move(identity), std::move(entry));
  };
  for (int i = 0; i < 10; ++i) add(i, FieldOperation::kUpdate, "v1");
  for (int i = 10; i < 15; ++i) add(i, FieldOperation::kApply, "v1");
  cap_update_entries(managed);
  EXPECT_EQ(managed.size(), 15u);
  add(20, FieldOperation::kUpdate, "v1");
  add(21, FieldOperation::kUpdate, "v1");
  cap_update_entries(managed);
  EXPECT_EQ(managed.size(), 15u);
  const auto ancient =
      managed.find(ManagedEntry{"ancient-changes", FieldOperation::kUpdate, "v1", "", "", {}}.identity());
  ASSERT_NE(ancient, managed.end());
  EXPECT_EQ(ancient->second.fields.size(), 3u);
  EXPECT_EQ(ancient->second.time, "2024-01-01T00:00:02Z");
}

TEST(FieldManagerName, OutOfTheUserAgent) {
  struct Row {
    std::string agent, name;
  };
  for (const Row& row : {Row{"kubectl/v1.36.3 (linux/amd64) kubernetes/abc", "kubectl"}, Row{"curl", "curl"},
                         Row{"", ""}, Row{"/x", ""}, Row{"a\x01\x7F b/c", "a b"}, Row{"b\xC3\xBCro/1", "b\xC3\xBCro"},
                         Row{std::string(200, 'x'), std::string(128, 'x')}})
    EXPECT_EQ(field_manager_of_agent(row.agent), row.name);
}

TEST(FieldManagerName, Rules) {
  FieldErrors errors;
  validate_field_manager("kubectl client-side apply \xE2\x82\xAC", "fieldManager", errors);
  EXPECT_TRUE(errors.empty());
  validate_field_manager("a\nb\xC2\xA0", "fieldManager", errors);
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].message, "Invalid value: \"a\\nb\xC2\xA0\": invalid character U+000A (at position 1)");
  errors.clear();
  validate_field_manager(std::string(129, 'a'), "fieldManager", errors);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].reason, "FieldValueTooLong");
}

}  // namespace
}  // namespace slipway::registry
