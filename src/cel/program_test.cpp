#include "cel/program.h"

#include <gtest/gtest.h>

#include "data/json_text.h"

namespace slipway::cel {
namespace {

using data::Json;

constexpr const char* kSchema = R"({"type": "object", "properties": {
  "name": {"type": "string"}, "count": {"type": "integer"}, "ratio": {"type": "number"}, "flag": {"type": "boolean"},
  "either": {"x-kubernetes-int-or-string": true}, "data": {"type": "string", "format": "byte"},
  "time": {"type": "string", "format": "date-time"}, "wait": {"type": "string", "format": "duration"},
  "maybe": {"type": "string", "nullable": true}, "a-b": {"type": "string"}, "in": {"type": "integer"},
  "list": {"type": "array", "items": {"type": "integer"}}, "names": {"type": "array", "items": {"type": "string"}},
  "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
  "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": {"type": "object",
    "properties": {"name": {"type": "string"}, "port": {"type": "integer"}}}},
  "map": {"type": "object", "additionalProperties": {"type": "string"}},
  "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}, "any": {"x-kubernetes-preserve-unknown-fields": true}}})";

constexpr const char* kObject =
    R"({"name": "näme", "count": 3, "ratio": 1, "flag": true, "either": "5%", "data": "aGk=",
  "time": "2024-02-29T12:30:00Z", "wait": "1h30m", "maybe": null, "a-b": "dash", "in": 7, "list": [1, 2, 3], "names": ["b", "a"],
  "set": ["x", "y"], "ports": [{"name": "http", "port": 80}, {"name": "https", "port": 443}], "map": {"k.1": "v", "k2": "w"},
  "open": {"secret": 1}, "any": {"x": [1]}})";

Json parse(std::string_view text) {
  auto json = data::parse_json(text);
  EXPECT_TRUE(json) << text;
  return json.value_or(Json());
}

class Fixture {
 public:
  Fixture() : schema(parse(kSchema)), object(parse(kObject)), self(Declarations().read(schema, false)) {}
  // "true", "false", the message of an error, or how compiling fails.
  std::string run(std::string_view source, const Json* old = nullptr, bool optional_old = false) const {
    const auto program = Program::compile(source, self, optional_old, ResultType::kBool);
    if (!program) return program.error().message();
    return program->evaluate(object, old).value.show();
  }
  Json schema, object;
  DeclarationRef self;
};

TEST(Program, EveryOneOfTheseHolds) {
  const Fixture fixture;
  for (const char* source :
       {"self.count == 3 && self.count != 4 && self.count < 4.5 && 2u < 3 && self.ratio == 1.0",
        "self.name.size() == 4 && size(self.name) == 4 && self.name.startsWith('n') && self.name.endsWith(\"me\")",
        "self.name.contains('ä') && self.name.matches('^n.me$') && 'abc'.matches('b')",
        R"('\u00e4\n\x41\101' == "ä\nAA" && r'\n' == '\\n' && b'\xff\x00'.size() == 2 && '''a'b''' == "a'b")",
        "type(self.either) == string && self.either.endsWith('%')",
        "string(self.data) == 'hi' && self.data == b'hi'",
        "self.time.getFullYear() == 2024 && self.time.getMonth() == 1 && self.time.getDate() == 29 && "
        "self.time.getHours('+02:00') == 14",
        "self.wait == duration('90m') && self.time + self.wait == timestamp('2024-02-29T14:00:00Z') && "
        "self.wait.getMinutes() == 90",
        "!has(self.maybe) && has(self.name) && has(self.map) && self.a__dash__b == 'dash' && self.__in__ == 7",
        "self.list.all(x, x > 0) && self.list.exists(x, x == 2) && self.list.exists_one(x, x == 3) && "
        "!self.list.exists_one(x, x > 1)",
        "self.list.map(x, x * 2) == [2, 4, 6] && self.list.filter(x, x > 1) == [2, 3] && self.list.map(x, x > 1, x + "
        "1) == [3, 4]",
        "self.list.sum() == 6 && self.list.min() == 1 && self.list.max() == 3 && self.list.isSorted() && "
        "self.list.indexOf(2) == 1",
        "self.list[0] == 1 && 2 in self.list && !(5 in self.list) && self.list + [4] == [1, 2, 3, 4]",
        "self.set == ['y', 'x'] && self.names != ['a', 'b'] && self.set + ['x', 'z'] == ['z', 'x', 'y']",
        "self.map['k.1'] == 'v' && 'k2' in self.map && self.map.all(k, k.startsWith('k')) && self.map.k2 == 'w' && "
        "self.map.size() == 2",
        "self.ports.filter(p, p.port > 100).map(p, p.name) == ['https'] && self.ports.all(p, has(p.name))",
        "self.?name.orValue('x') == 'näme' && self.?maybe.orValue('none') == 'none' && self.map[?'nope'] == "
        "optional.none()",
        "optional.of(1).optMap(x, x + 1) == optional.of(2) && self.?maybe.optMap(m, m.size()).orValue(9) == 9 && [1, "
        "?optional.none()] == [1]",
        "self.list.transformList(i, v, i * v) == [0, 2, 6] && self.map.transformMap(k, v, v + k)['k2'] == 'wk2' && "
        "self.list.all(i, v, i < v)",
        "[3, 1, 2].sort() == [1, 2, 3] && ['bb', 'a'].sortBy(s, s.size()) == ['a', 'bb'] && [1, 1, 2].distinct() == "
        "[1, 2]",
        "[1, 2, 3].slice(1, 2) == [2] && [[1], [2]].flatten() == [1, 2] && lists.range(3) == [0, 1, 2] && [1, "
        "2].reverse() == [2, 1]",
        "sets.contains([1, 2], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && sets.intersects([1], [1, 2])",
        "'a,b'.split(',') == ['a', 'b'] && ['a', 'b'].join('-') == 'a-b' && ' x '.trim() == 'x' && 'abc'.substring(1, "
        "2) == 'b'",
        "'aBc'.lowerAscii() == 'abc' && 'aBc'.upperAscii() == 'ABC' && 'aXbX'.replace('X', '-') == 'a-b-' && "
        "'abc'.charAt(1) == 'b'",
        "'abcb'.indexOf('b') == 1 && 'abcb'.lastIndexOf('b') == 3 && '%s=%d'.format(['a', 1]) == 'a=1' && "
        "strings.quote('a\"b') == '\"a\\\\\"b\"'",
        "'ab12cd'.find('[0-9]+') == '12' && 'a1b2'.findAll('[0-9]') == ['1', '2'] && 'a1b2'.findAll('[0-9]', 1) == "
        "['1']",
        "isURL('https://a.b/c') && url('https://a.b:80/c?x=1').getPort() == '80' && "
        "url('https://a.b/c?x=1&x=2').getQuery()['x'] == ['1', '2']",
        "ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.1.2.3') && isIP('::1') && "
        "!isCIDR('10.0.0.0/33')",
        "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && string(cidr('10.1.2.3/8').masked()) == '10.0.0.0/8' && "
        "ip.isCanonical('::1')",
        "quantity('1Ki').isGreaterThan(quantity('1k')) && quantity('0.5').compareTo(quantity('500m')) == 0 && "
        "quantity('2').asInteger() == 2",
        "semver('1.2.3').isLessThan(semver('1.10.0')) && isSemver('1.0.0-rc.1+b') && semver('v1.2', true).minor() == 2",
        "!format.dns1123Label().validate('ok-name').hasValue() && "
        "format.named('uuid').value().validate('x').hasValue()",
        "int('12') == 12 && uint(3) == 3u && double('1.5') == 1.5 && string(1.5) == '1.5' && bool('true') && "
        "bytes('a') == b'a'",
        "dyn(1) == 1.0 && type(1) == int && type(type(1)) == type && type(self.time) == google.protobuf.Timestamp",
        "true || 1 / 0 == 1",
        "1 / 0 == 1 || true",
        "!(false && 1 / 0 == 1)",
        "[1, 0].exists(x, 1 / x == 1)",
        "self.flag ? true : 1 / 0 == 1",
        "-self.count == -3 && --self.count == 3 && 0x10 == 16 && 7 % 4 == 3",
        "{'a': 1, 'b': 2}['b'] == 2 && {1: 'x'}.size() == 1 && has({'a': 1}.a) && !has({'a': 1}.b)",
        "self.open == self.open",
        "// a comment\ntrue"})
    EXPECT_EQ(fixture.run(source), "true") << source;
}

TEST(Program, FailuresSayWhy) {
  const Fixture fixture;
  const struct {
    const char *source, *message;
  } cases[] = {
      {"self.list[5] == 1", "index out of bounds: 5"},
      {"self.map['nope'] == 'x'", "no such key: nope"},
      {"self.count / 0 == 1", "division by zero"},
      {"9223372036854775807 + self.count == 0", "integer overflow"},
      {"uint(0) - 1u == 0u", "unsigned integer overflow"},
      {"int(self.name) == 1", "type conversion error from 'string' to 'int'"},
      {"self.either > 5", "no such overload"},
      {"optional.none().value() == 1", "optional.none() dereference"},
      {"'abc'.substring(5) == ''", "index out of range: 5"},
      {"self.list.filter(x, x > 9).max() == 1", "max called on empty list"},
  };
  for (const auto& item : cases) EXPECT_EQ(fixture.run(item.source), item.message) << item.source;
}

TEST(Program, WhatDoesNotCompileIsNamedWithItsPlace) {
  const Fixture fixture;
  const struct {
    const char *source, *message;
  } cases[] = {
      {"self.nope == 1", "ERROR: <input>:1:5: undefined field 'nope'\n | self.nope == 1\n | ....^"},
      {"self.open.secret == 1",
       "ERROR: <input>:1:10: undefined field 'secret'\n | self.open.secret == 1\n | .........^"},
      {"self.any == 1", "ERROR: <input>:1:5: undefined field 'any'\n | self.any == 1\n | ....^"},
      {"self.count + 'a' == 1",
       "ERROR: <input>:1:12: found no matching overload for '_+_' applied to '(int, string)'\n | self.count + 'a' == "
       "1\n | ...........^"},
      {"unknown(1)",
       "ERROR: <input>:1:8: undeclared reference to 'unknown' (in container '')\n | unknown(1)\n | .......^"},
      {"self.count", "cel expression must evaluate to a bool"},
      {"[1, 'a'] == []", "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a'] == []\n | ....^"},
      {"duration('x') == self.wait",
       "ERROR: <input>:1:10: invalid duration argument\n | duration('x') == self.wait\n | .........^"},
      {"self.namespace", "ERROR: <input>:1:5: undefined field 'namespace'\n | self.namespace\n | ....^"},
      {"for", "ERROR: <input>:1:1: reserved identifier: for\n | for\n | ^"},
  };
  for (const auto& item : cases) EXPECT_EQ(fixture.run(item.source), item.message) << item.source;
  for (const char* source :
       {"", "1 +", "(", "'a", "a b", "self..x", "[1,,2]", "{1}", "x.all(1, true)", "0x", "1u.", "\x80", "a ? b"})
    EXPECT_TRUE(fixture.run(source).starts_with("ERROR: ")) << source << ": " << fixture.run(source);
}

TEST(Program, OldSelfIsTheValueBefore) {
  const Fixture fixture;
  Json old = fixture.object;
  old.set("count", 2);
  EXPECT_EQ(fixture.run("self.count > oldSelf.count", &old), "true");
  EXPECT_EQ(fixture.run("oldSelf.hasValue() && self.count > oldSelf.value().count", &old, true), "true");
  EXPECT_EQ(fixture.run("!oldSelf.hasValue()", nullptr, true), "true");
  const auto program = Program::compile("self.count > 0", fixture.self, false, ResultType::kBool);
  ASSERT_TRUE(program);
  EXPECT_FALSE(program->uses_old());
}

TEST(Program, CostAndDepthAreBounded) {
  const Fixture fixture;
  const std::string thousand = "lists.range(1000)";
  EXPECT_EQ(fixture.run(thousand + ".all(x, " + thousand + ".all(y, x + y >= 0))"),
            "operation cancelled: actual cost limit exceeded");
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "(";
  EXPECT_TRUE(fixture.run(deep).find("recursion limit exceeded") != std::string::npos);
  std::string chain = "self";
  for (int i = 0; i < 5000; ++i) chain += ".a";
  EXPECT_TRUE(fixture.run(chain).find("recursion limit exceeded") != std::string::npos);
  EXPECT_TRUE(fixture.run(std::string(kCostPerCall, ' ')).find("exceeds limit") != std::string::npos);
}

TEST(Program, EstimateGrowsWithTheSchema) {
  const auto cost = [](std::string_view schema, std::string_view source) {
    const Json json = parse(schema);
    const auto self = Declarations().read(json, false);
    const auto program = Program::compile(source, self, false, ResultType::kBool);
    EXPECT_TRUE(program) << (program ? "" : program.error().message());
    return program ? program->most_cost() : 0;
  };
  EXPECT_EQ(cost(R"({"type": "integer"})", "self > 1"), 2u);
  EXPECT_EQ(cost(R"({"type": "array", "maxItems": 10, "items": {"type": "integer"}})", "self.all(x, x > 1)"), 52u);
  EXPECT_GT(cost(R"({"type": "array", "items": {"type": "string"}})", "self.all(x, self.all(y, x == y))"), 10'000'000u);
}

}  // namespace
}  // namespace slipway::cel
