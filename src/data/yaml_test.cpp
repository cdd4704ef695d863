#include "data/yaml.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/subprocess.h"
#include "data/json_text.h"

namespace slipway::data {
namespace {

TEST(Yaml, PlainScalarsInBothDialects) {
  struct Row {
    std::string_view yaml, kubernetes, strict;
  };
  for (const Row& row :
       {Row{"yes", "true", "\"yes\""}, Row{"off", "false", "\"off\""}, Row{"True", "true", "true"},
        Row{"~", "null", "null"}, Row{"012", "10", "12"}, Row{"0x10", "16", "16"}, Row{"1_000", "1000", "\"1_000\""},
        Row{"1e3", "1000", "1000"}, Row{"-1.5", "-1.5", "-1.5"}, Row{"2026-01-01", "\"2026-01-01\"", "\"2026-01-01\""},
        Row{"v1.36.3", "\"v1.36.3\"", "\"v1.36.3\""}, Row{"\"yes\"", "\"yes\"", "\"yes\""},
        Row{"9223372036854775807", "9223372036854775807", "9223372036854775807"}}) {
    EXPECT_EQ(to_json(*parse_yaml(row.yaml)), row.kubernetes) << row.yaml;
    EXPECT_EQ(to_json(*parse_yaml(row.yaml, YamlDialect::kStrict)), row.strict) << row.yaml;
  }
}

TEST(Yaml, DocumentsAnchorsAndMerges) {
  const auto documents =
      parse_yaml_documents("---\na: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n---\n# nothing\n---\n- 1\n");
  ASSERT_TRUE(documents) << documents.error().message();
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ(to_json((*documents)[0]), R"({"a":{"b":1},"c":{"b":1},"d":{"b":1,"e":2}})");
}

TEST(Yaml, RefusalsSayWhere) {
  struct Row {
    std::string_view yaml, message;
  };
  for (const Row& row : {Row{"a: 1\na: 2\n", "line 2, column 1: duplicate key 'a'"}, Row{"a: [1\n", "line 2, column 1"},
                         Row{"a: !!python/object x", "cannot be read with tag"},
                         Row{"? [1]\n: 2\n", "keys must be strings"}, Row{"a: *b", "unknown anchor 'b'"}}) {
    const auto parsed = parse_yaml(row.yaml);
    ASSERT_FALSE(parsed) << row.yaml;
    EXPECT_NE(parsed.error().message().find(row.message), std::string::npos) << parsed.error().message();
  }
  EXPECT_FALSE(parse_yaml("a: 1\n---\nb: 2\n"));
}

TEST(Yaml, BoundsDepthAndAliases) {
  EXPECT_FALSE(parse_yaml(std::string(100, '[')));
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'j'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string(i == 0 ? "*" : ",*") + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  const auto parsed = parse_yaml(bomb);
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message().find("aliases expand"), std::string::npos);
}

TEST(Yaml, WrittenTextReadsBackEqualInBothDialects) {
  for (const std::string_view text : {"",
                                      " ",
                                      "1e3",
                                      "0x10",
                                      "yes",
                                      "~",
                                      "012",
                                      "1:20",
                                      "null",
                                      "2026-01-01",
                                      "a: b",
                                      "a #b",
                                      "- a",
                                      "-a",
                                      "#a",
                                      "&a",
                                      "'",
                                      "\"",
                                      "line\n",
                                      "two\nlines",
                                      "two\nlines\n",
                                      "ends\n\n",
                                      "\nstarts",
                                      " indented\nx",
                                      "tab\tx",
                                      "trailing \nspace",
                                      "---",
                                      "...",
                                      "=",
                                      "<<",
                                      "ü",
                                      "\xc2\x85",
                                      "\xe2\x80\xa8",
                                      "\x7f",
                                      "\xc2\x80",
                                      "a\xc2\x9f\n",
                                      "\xef\xbf\xbe",
                                      "\xef\xbf\xbf",
                                      "\xef\xbb\xbf",
                                      "123456789",
                                      "12e4567",
                                      "key:",
                                      "@x",
                                      "%x",
                                      "a\\b",
                                      "{}",
                                      "[]",
                                      "!t",
                                      "*x",
                                      "?",
                                      "-"}) {
    const Json value = Json::object(
        {{"key", text}, {"list", Json::array({text, Json::array({text}), Json::object({{"k", text}, {"l", 1}})})}});
    for (const YamlDialect dialect : {YamlDialect::kKubernetes, YamlDialect::kStrict}) {
      const auto read = parse_yaml(to_yaml(value), dialect);
      ASSERT_TRUE(read) << to_yaml(value) << read.error().message();
      EXPECT_EQ(to_json(*read), to_json(value)) << to_yaml(value);
    }
    EXPECT_EQ(parse_yaml(to_yaml(Json(text)))->string_or_empty(), text);
  }
}

TEST(Yaml, WritesAsKubernetesToolsDo) {
  const Json value =
      *parse_json(R"({"b":["x",{"c":1,"d":[]}],"a":{"z":null,"t":true,"port":"6443","text":"one\ntwo\n"},"e":{}})");
  EXPECT_EQ(
      to_yaml(value),
      "a:\n  port: \"6443\"\n  t: true\n  text: |\n    one\n    two\n  z: null\nb:\n- x\n- c: 1\n  d: []\ne: {}\n");
}

// PyYAML is the reader of cloud-init, and stricter about YAML 1.1 than most.
TEST(Yaml, PythonReadsTheSameStrings) {
  const auto found = base::run_process({.argv = {"python3", "-c", "import yaml"}});
  if (!found || found->exit_code != 0) GTEST_SKIP() << "PyYAML is not installed";
  Json strings = Json::array({"1e3",
                              "1.0e+3",
                              "0x10",
                              "yes",
                              "y",
                              "~",
                              "012",
                              "0o14",
                              "1:20",
                              "190:20:30",
                              "null",
                              "on",
                              "2026-01-01",
                              "2026-01-01T00:00:00Z",
                              "1_000",
                              ".5",
                              "5.",
                              ".inf",
                              ".NaN",
                              "+1",
                              "-1",
                              "0b11",
                              "=",
                              "<<",
                              "10.0.0.5",
                              "1.2.3",
                              "",
                              " a ",
                              "a: b",
                              "a #b",
                              "- a",
                              "---",
                              "a\n",
                              "a\n\nb",
                              "\ta",
                              "12345678901234567890123456789012",
                              "1234567890123456789012345678901e5"});
  const std::string_view alphabet = "0123456789abcdefnoxyzE:+-._~ \n\t#'\"{}[]&*!|>%@`,?=<\\TZ";
  rc::check([&] {
    std::string text;
    for (const auto index :
         *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, alphabet.size())))
      text += alphabet[index];
    strings.append(text);
  });
  const auto read = base::run_process(
      {.argv = {"python3", "-c", "import sys, json, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))"},
       .input = to_yaml(strings)});
  ASSERT_TRUE(read);
  ASSERT_EQ(read->exit_code, 0) << read->standard_error;
  const Json back = *parse_json(read->standard_output);
  ASSERT_EQ(back.size(), strings.size());
  for (std::size_t i = 0; i < strings.size(); ++i)
    EXPECT_EQ(back.items()[i], strings.items()[i])
        << to_json(strings.items()[i]) << " became " << to_json(back.items()[i]);
}

}  // namespace
}  // namespace slipway::data
