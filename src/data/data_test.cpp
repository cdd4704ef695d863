#include <gtest/gtest.h>

#include "data/encoding.h"
#include "data/json_reader.h"
#include "data/json_text.h"
#include "data/kubernetes_version.h"
#include "data/patch.h"

namespace slipway::data {
namespace {

Json json(std::string_view text) {
  return *parse_json(text);
}

TEST(JsonText, RoundTripsAndRefuses) {
  for (const std::string_view text :
       {R"({"a":[1,-2,3.5,true,false,null,"x\n\"\\é"],"b":{}})", "9223372036854775807", "\"\"", "[]"})
    EXPECT_EQ(to_json(json(text)), text);
  struct Row {
    std::string_view text, message;
  };
  for (const Row& row :
       {Row{R"({"a":1,"a":2})", "duplicate key 'a'"}, Row{"{", "line 1, column 2"}, Row{"1 2", "line 1"},
        Row{"\"\xff\"", "UTF-8"}, Row{"", "line 1"}, Row{"1e999", "number overflow"}}) {
    const auto parsed = parse_json(row.text);
    ASSERT_FALSE(parsed) << row.text;
    EXPECT_NE(parsed.error().message().find(row.message), std::string::npos) << parsed.error().message();
  }
  EXPECT_FALSE(parse_json(std::string(200, '[') + std::string(200, ']')));
  EXPECT_EQ(parse_json("[1]", {.max_bytes = 2}).error().code(), base::ErrorCode::kTooLarge);
}

TEST(JsonText, QuickReaderTakesOnlyPlainTexts) {
  struct Row {
    std::string_view text, value;  // "" = left to the thorough parser
  };
  for (const Row& row :
       {Row{R"( {"b" : [ 1 , -20, 0 ,-0], "a":{"c":null,"d":true,"e":false} } )",
            R"({"a":{"c":null,"d":true,"e":false},"b":[1,-20,0,0]})"},
        Row{R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\u003c")", "\"\\\"\\\\/\\u0008\\u000c\\n\\r\\tAé€<\""},
        Row{"[]", "[]"},
        Row{"{}", "{}"},
        Row{"-9223372036854775808", "-9223372036854775808"},
        Row{"9223372036854775808", ""},
        Row{"1.5", ""},
        Row{"1e3", ""},
        Row{"01", ""},
        Row{"-", ""},
        Row{"+1", ""},
        Row{"", ""},
        Row{"[1,]", ""},
        Row{"[1 2]", ""},
        Row{"{\"a\":1,}", ""},
        Row{R"({"a":1,"a":2})", ""},
        Row{R"({"a" 1})", ""},
        Row{"{a:1}", ""},
        Row{"[1]x", ""},
        Row{"\"a", ""},
        Row{"\"\n\"", ""},
        Row{R"("\x")", ""},
        Row{R"("\u12g4")", ""},
        Row{R"("\u-123")", ""},
        Row{R"("\ud83d\ude00")", ""},
        Row{"\"\xff\"", ""},
        Row{"nul", ""},
        Row{"truefalse", ""},
        Row{"\xef\xbb\xbf{}", ""},
        Row{"[[[]]]", ""},
        Row{"[[]]", "[[]]"}}) {
    const auto value = read_plain_json(row.text, 2);
    EXPECT_EQ(value ? to_json(*value) : "", row.value) << row.text;
    if (value) {
      EXPECT_EQ(*value, json(row.text));
    }
  }
}

TEST(JsonText, NotesDuplicateKeysForThoseWhoTakeThem) {
  std::vector<std::string> duplicates;
  const auto parsed = parse_json(R"({"a":{"b":[{"c":1},{"c":1,"c":{"d":2}}],"b2":0,"b2":1},"e":1,"e":{"f":1,"f":2}})",
                                 {.duplicates = &duplicates});
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(*parsed, json(R"({"a":{"b":[{"c":1},{"c":{"d":2}}],"b2":1},"e":{"f":2}})"));
  EXPECT_EQ(duplicates, (std::vector<std::string>{"a.b[1].c", "a.b2", "e", "e.f"}));
}

TEST(Patch, MergeFollowsRfc7386) {
  struct Row {
    std::string_view target, patch, result;
  };
  for (const Row& row :
       {Row{R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"}, Row{R"({"a":"b"})", R"({"a":null})", "{}"},
        Row{R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
        Row{"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
        Row{R"({"a":[1]})", R"({"a":{"b":1}})", R"({"a":{"b":1}})"},
        Row{"[1,2]", R"({"a":"b","c":null})", R"({"a":"b"})"}, Row{"{}", "[1]", "[1]"}})
    EXPECT_EQ(to_json(merge_patch(json(row.target), json(row.patch))), row.result);
}

TEST(Patch, DifferenceLeadsFromOneToTheOther) {
  const std::vector<std::string_view> values{"{}", R"({"a":1})", R"({"a":{"b":[1,2],"c":{}}})",
                                             R"({"a":{"c":{"d":"e"}},"f":true})", R"({"a":[{"b":1}]})"};
  for (const auto from : values)
    for (const auto to : values)
      EXPECT_EQ(to_json(merge_patch(json(from), diff_merge_patch(json(from), json(to)))), to);
  EXPECT_TRUE(diff_merge_patch(json(values[2]), json(values[2])).empty());
}

TEST(Patch, JsonPatchOperations) {
  struct Row {
    std::string_view target, patch, result;  // result "" = refused
  };
  for (const Row& row :
       {Row{R"({"a":[1,2]})", R"([{"op":"add","path":"/a/1","value":9}])", R"({"a":[1,9,2]})"},
        Row{R"({"a":[1]})", R"([{"op":"add","path":"/a/-","value":2}])", R"({"a":[1,2]})"},
        Row{R"({"a":{"b/c":1}})", R"([{"op":"remove","path":"/a/b~1c"}])", R"({"a":{}})"},
        Row{R"({"a":1})", R"([{"op":"replace","path":"/b","value":1}])", ""},
        Row{R"({"a":1,"b":2})", R"([{"op":"move","from":"/a","path":"/c"}])", R"({"b":2,"c":1})"},
        Row{R"({"a":{"b":1}})", R"([{"op":"move","from":"/a","path":"/a/c"}])", ""},
        Row{R"({"a":1})", R"([{"op":"copy","from":"/a","path":"/b"}])", R"({"a":1,"b":1})"},
        Row{R"({"a":1})", R"([{"op":"test","path":"/a","value":1.0}])", R"({"a":1})"},
        Row{R"({"a":1})", R"([{"op":"test","path":"/a","value":"1"}])", ""},
        Row{R"({"a":[1]})", R"([{"op":"add","path":"/a/01","value":1}])", ""},
        Row{R"({"a":[1]})", R"([{"op":"add","path":"/a/2","value":1}])", ""},
        Row{"{}", R"([{"op":"add","path":"a","value":1}])", ""},
        Row{"{}", R"([{"op":"add","path":"/x/y","value":1}])", ""}, Row{"{}", R"([{"op":"spin","path":"/x"}])", ""},
        Row{"{}", R"({"op":"add"})", ""}, Row{R"({"a":1})", R"([{"op":"add","path":"","value":[2]}])", "[2]"}}) {
    const auto patched = json_patch(json(row.target), json(row.patch));
    EXPECT_EQ(patched ? to_json(*patched) : "", row.result) << row.patch << (patched ? "" : patched.error().message());
  }
  EXPECT_EQ(json_patch(json("{}"), json(R"([{"op":"remove","path":"/x"}])")).error().message(),
            "operation 0 (remove /x): the path does not exist");
}

TEST(KubernetesVersion, OrdersWithBuildTags) {
  const std::vector<std::string_view> ascending{"v1.9.0",        "v1.30.0-alpha.1", "v1.30.0-rc1+k3s1",
                                                "v1.30.0",       "v1.30.0+k3s1",    "v1.30.0+k3s2",
                                                "v1.30.0+k3s10", "v1.30.1",         "v2.0.0"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    const auto version = KubernetesVersion::parse(ascending[i]);
    ASSERT_TRUE(version) << ascending[i];
    EXPECT_EQ(version->text(), ascending[i]);
    for (std::size_t j = 0; j < ascending.size(); ++j)
      EXPECT_EQ(*version <=> *KubernetesVersion::parse(ascending[j]), i <=> j) << ascending[i] << " " << ascending[j];
  }
  EXPECT_EQ(KubernetesVersion::parse("1.30.0")->text(), "v1.30.0");
  for (const std::string_view bad :
       {"", "v1", "v1.2", "v1.2.3.4", "v01.2.3", "v1.2.3+", "v1.2.3-", "latest", "v1.2.-3", "v1.2.3+a b"})
    EXPECT_FALSE(KubernetesVersion::parse(bad)) << bad;
}

TEST(Encoding, Base64AndUtf8) {
  for (const std::string_view text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"})
    EXPECT_EQ(*base64_decode(base64_encode(text)), text);
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  for (const std::string_view bad : {"Zg", "Zg=", "Z===", "Zh==", "Zm9v\n", "Z m9", "===="})
    EXPECT_FALSE(base64_decode(bad)) << bad;
  EXPECT_TRUE(is_valid_utf8("ü€😀"));
  for (const std::string_view bad : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
    EXPECT_FALSE(is_valid_utf8(bad));
}

}  // namespace
}  // namespace slipway::data
