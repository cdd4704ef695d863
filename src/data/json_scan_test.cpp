#include "data/json_scan.h"

#include <gtest/gtest.h>

namespace slipway::data {
namespace {

TEST(JsonScan, FindsValuesByPath) {
  constexpr std::string_view kText =
      R"({"a" : {"b":[1,{"c":"}"}],"x\"y":"q\\"},"b":"one\"two","n":-1.5e3,"t":true,"z":null})";
  struct Row {
    std::vector<std::string_view> path;
    std::string_view value;  // "" = absent
  };
  for (const Row& row : std::vector<Row>{{{"a", "b"}, R"([1,{"c":"}"}])"},
                                         {{"a", "x\"y"}, R"("q\\")"},
                                         {{"b"}, R"("one\"two")"},
                                         {{"n"}, "-1.5e3"},
                                         {{"t"}, "true"},
                                         {{"z"}, "null"},
                                         {{}, kText},
                                         {{"c"}, ""},
                                         {{"b", "c"}, ""},
                                         {{"a", "b", "c"}, ""},
                                         {{"z", "c"}, ""}}) {
    const auto found = find_json_value(kText, row.path);
    EXPECT_EQ(found.value_or(""), row.value) << (row.path.empty() ? "" : row.path.back());
  }
}

TEST(JsonScan, VisitsMembersInOrder) {
  const auto members_of = [](std::string_view text) {
    std::string seen;
    for_each_json_member(text, [&](std::string_view name, std::string_view value) {
      seen.append(name).append("=").append(value).append(";");
    });
    return seen;
  };
  EXPECT_EQ(members_of(R"( {"b" : {"a":[1,2]} ,"a\"":"x","n":null} )"), R"(b={"a":[1,2]};a\"="x";n=null;)");
  EXPECT_EQ(members_of("{}"), "");
  EXPECT_EQ(members_of("[1]"), "");
  EXPECT_EQ(members_of(R"({"a":1,"b)"), "a=1;");
}

TEST(JsonScan, BrokenTextIsNotReadBeyondItsEnd) {
  constexpr std::string_view kText = R"({"a":{"b":["x\"",1]},"c":"d"})";
  for (std::size_t size = 0; size < kText.size(); ++size) {
    const std::string cut(kText.substr(0, size));
    (void)find_json_value(cut, {"a", "b", "c"});
    (void)find_json_value(cut, {"c"});
  }
}

}  // namespace
}  // namespace slipway::data
