#include "registry/apply/field_set.h"

#include <gtest/gtest.h>

#include "registry/apply/fields_v1.h"
#include "registry/apply/merge_type.h"
#include "registry/test_registry.h"

namespace slipway::registry {
namespace {

FieldSet set_of(std::string_view fields) {
  const auto set = decode_fields(json(fields));
  EXPECT_TRUE(set) << set.error().message();
  return set ? *set : FieldSet();
}

TEST(FieldsV1, TextIsThatOfStructuredMergeDiff) {
  struct Row {
    std::string_view in, out;
  };
  for (const Row& row : {
           Row{R"({})", R"({})"},
           Row{R"({"f:a": {}})", R"({"f:a":{}})"},
           Row{R"({"f:a": {".": {}, "f:b": {}}})", R"({"f:a":{".":{},"f:b":{}}})"},
           // Fields, keys, values, indexes; each in the order of their values.
           Row{R"({"i:1": {}, "v:10": {}, "v:9": {}, "v:\"a\"": {}, "k:{\"b\":1}": {}, "f:z": {}})",
               R"({"f:z":{},"k:{\"b\":1}":{},"v:9":{},"v:10":{},"v:\"a\"":{},"i:1":{}})"},
           Row{R"({"k:{\"port\":80,\"name\":\"<\"}": {}})", R"({"k:{\"name\":\"\\u003c\",\"port\":80}":{}})"},
           Row{R"({"v:1.0": {}, "v:true": {}})", R"({"v:1":{},"v:true":{}})"},
           // A later version's elements are left out.
           Row{R"({"x:a": {"f:b": {}}, "f:c": {}})", R"({"f:c":{}})"},
       })
    EXPECT_EQ(encode_fields_text(set_of(row.in)), row.out) << row.in;
}

TEST(FieldsV1, WireFormComesBack) {
  const FieldSet set = set_of(R"({"f:a": {".": {}, "k:{\"b\":1}": {"f:c": {}}}, "f:d": {"v:1": {}}})");
  EXPECT_EQ(*decode_fields(encode_fields(set)), set);
  EXPECT_EQ(set.size(), 3u);
}

TEST(FieldsV1, RefusesWhatIsNoSet) {
  for (const std::string_view fields :
       {R"([])", R"("f:a")", R"({"a": {}})", R"({"": {}})", R"({"f": {}})", R"({"f:a": 1})", R"({"v:": {}})",
        R"({"v:{": {}})", R"({"k:1": {}})", R"({"k:{\"a\":1": {}})", R"({"i:x": {}})", R"({"i:": {}})"})
    EXPECT_FALSE(decode_fields(json(fields))) << fields;
}

TEST(FieldsV1, AnswersWithoutDecoding) {
  const data::Json fields = json(R"({"f:a": {".": {}, "f:b": {}}, "f:c": {"f:d": {}}})");
  struct Row {
    std::string_view set;
    bool all, touched;
  };
  for (const Row& row : {
           Row{R"({"f:a": {}})", true, true},
           Row{R"({"f:a": {"f:b": {}}})", true, true},
           Row{R"({"f:c": {}})", false, true},
           Row{R"({"f:a": {"f:b": {"f:x": {}}}})", false, true},
           Row{R"({"f:c": {"f:e": {}}})", false, false},
           Row{R"({"f:z": {}})", false, false},
           Row{R"({})", true, false},
       }) {
    EXPECT_EQ(has_all(fields, set_of(row.set)), row.all) << row.set;
    EXPECT_EQ(touches(fields, set_of(row.set)), row.touched) << row.set;
  }
}

TEST(FieldSet, Algebra) {
  const FieldSet left = set_of(R"({"f:a": {".": {}, "f:b": {}, "f:c": {}}, "f:d": {}})");
  const FieldSet right = set_of(R"({"f:a": {"f:b": {}}, "f:e": {}})");
  const FieldSet parent = set_of(R"({"f:a": {}})");
  struct Row {
    FieldSet actual;
    std::string_view expected;
  };
  for (const Row& row : {
           Row{left.united(right), R"({"f:a":{".":{},"f:b":{},"f:c":{}},"f:d":{},"f:e":{}})"},
           Row{left.intersected(right), R"({"f:a":{"f:b":{}}})"},
           Row{left.without(right), R"({"f:a":{".":{},"f:c":{}},"f:d":{}})"},
           Row{right.without(left), R"({"f:e":{}})"},
           Row{left.without(parent), R"({"f:a":{"f:b":{},"f:c":{}},"f:d":{}})"},
           Row{left.without_subtrees(parent), R"({"f:d":{}})"},
           Row{left.without(left), R"({})"},
       })
    EXPECT_EQ(encode_fields_text(row.actual), row.expected);
  for (const FieldSet& other : {right, parent, left}) {
    FieldSet rest = left, without_below = left;
    rest.remove(other);
    without_below.remove_subtrees(other);
    EXPECT_EQ(rest, left.without(other));
    EXPECT_EQ(without_below, left.without_subtrees(other));
  }
  EXPECT_TRUE(left.without(left).empty());
  EXPECT_TRUE(left.contains({PathElement::field("a"), PathElement::field("b")}));
  EXPECT_FALSE(right.contains({PathElement::field("a")}));
  EXPECT_FALSE(left.contains({}));
}

TEST(FieldSet, PathsAsTextInMessages) {
  std::string text;
  set_of(R"({"f:spec": {"k:{\"name\":\"a\\\"b\",\"port\":1000000}": {"f:x": {}}, "v:1.5": {}, "i:2": {}}})")
      .for_each([&](const FieldPath& path) { text += path_text(path) + "\n"; });
  EXPECT_EQ(text, ".spec[=1.5]\n.spec[2]\n.spec[name=\"a\\\"b\",port=1e+06].x\n");
}

}  // namespace
}  // namespace slipway::registry
