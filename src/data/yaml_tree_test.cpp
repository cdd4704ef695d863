#include "data/yaml_tree.h"

#include <gtest/gtest.h>

#include "data/sha256.h"

namespace slipway::data {
namespace {

TEST(YamlTree, KeepsPlacesStylesAndDuplicates) {
  const YamlTree tree = parse_yaml_tree("a: 1\nb:\n  - 'x'\n  - |\n    one\n    two\na: [\"ü\", z]\n");
  ASSERT_FALSE(tree.problem);
  ASSERT_EQ(tree.documents.size(), 1u);
  const auto& top = tree.documents[0].children;
  ASSERT_EQ(top.size(), 6u);
  EXPECT_EQ(top[0].text, "a");
  EXPECT_EQ(top[4].text, "a");
  EXPECT_EQ(top[4].line, 7u);
  const auto& list = top[3].children;
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].style, YamlNode::Style::kSingleQuoted);
  EXPECT_EQ(list[0].line, 3u);
  EXPECT_EQ(list[0].column, 5u);
  EXPECT_EQ(list[1].style, YamlNode::Style::kLiteral);
  EXPECT_EQ(list[1].text, "one\ntwo\n");
  EXPECT_EQ(top[5].style, YamlNode::Style::kFlow);
  EXPECT_EQ(top[5].children[1].column, 10u);  // characters, not bytes
}

TEST(YamlTree, AliasesAreNotExpanded) {
  const YamlTree tree = parse_yaml_tree("a: &x [1]\nb: *x\n");
  ASSERT_EQ(tree.documents.size(), 1u);
  EXPECT_TRUE(tree.documents[0].children[1].has_anchor);
  EXPECT_EQ(tree.documents[0].children[3].kind, YamlNode::Kind::kAlias);
  EXPECT_EQ(tree.documents[0].children[3].text, "x");
}

TEST(YamlTree, KeepsWhatCameBeforeAProblem) {
  const YamlTree tree = parse_yaml_tree("a: 1\nb: [x\nc: 2\n");
  ASSERT_TRUE(tree.problem);
  ASSERT_EQ(tree.documents.size(), 1u);
  EXPECT_EQ(tree.documents[0].children[0].text, "a");
}

TEST(YamlTree, SaysWhereAndWhy) {
  struct Row {
    std::string text;
    std::size_t line, column;
    std::string_view part;
  };
  for (const Row& row :
       {Row{"a:\n\tb: 1\n", 2, 1, "tab"}, Row{"a: 'x\nb: 1\n", 1, 4, "has no end"}, Row{"a: \xff\n", 1, 4, "UTF-8"},
        Row{"a: \x01\n", 1, 4, "0x01"}, Row{"ü: \x01\n", 1, 4, "0x01"}, Row{std::string(200, '['), 1, 66, "64 levels"},
        Row{std::string((4u << 20) + 1, ' '), 1, 1, "larger"}}) {
    const YamlTree tree = parse_yaml_tree(row.text);
    ASSERT_TRUE(tree.problem) << row.part;
    EXPECT_EQ(tree.problem->line, row.line) << tree.problem->text;
    EXPECT_EQ(tree.problem->column, row.column) << tree.problem->text;
    EXPECT_NE(tree.problem->text.find(row.part), std::string::npos) << tree.problem->text;
  }
}

// FIPS 180-4 examples, and lengths around a block's end.
TEST(Sha256, KnownDigests) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(sha256_hex(std::string(55, 'x')), "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072");
  EXPECT_EQ(sha256_hex(std::string(56, 'x')), "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e");
  EXPECT_EQ(sha256_hex(std::string(64, 'x')), "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c");
}

}  // namespace
}  // namespace slipway::data
