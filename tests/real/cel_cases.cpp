#include "real/cel_cases.h"

#include <cstdlib>
#include <map>

#include "data/json_text.h"

namespace slipway::real {

using data::Json;

namespace {

// By the letter of a type; $x stands for a sub-expression of type x.
// b bool, i int, u uint, d double, s string, y bytes, l list(int), n list(string), m map(string, string), t timestamp,
// w duration, e dyn (int or string), q quantity, p ip, c cidr, v semver, o optional(string), r url.
const std::map<char, std::vector<std::string>>& templates() {
  static const std::map<char, std::vector<std::string>> all = {
      {'b',
       {"$i < $i",
        "$i == $i",
        "$i >= $d",
        "$u != $u",
        "$d > $d",
        "$s == $s",
        "$s < $s",
        "$b && $b",
        "$b || $b",
        "!$b",
        "$b ? $b : $b",
        "$s.startsWith($s)",
        "$s.endsWith($s)",
        "$s.contains($s)",
        "$s.matches('^[a-z]+')",
        "$s.matches($s)",
        "$l == $l",
        "$n == $n",
        "$i in $l",
        "$s in $n",
        "$s in $m",
        "$i in [1, 2, 3]",
        "$s in ['a', 'b']",
        "$l.all(x, x > $i)",
        "$l.exists(x, x == $i)",
        "$l.exists_one(x, x < $i)",
        "$n.all(i, x, x.size() > i)",
        "$m.all(k, k != $s)",
        "$m.exists(k, v, k == v)",
        "$l.isSorted()",
        "has(self.name)",
        "has(self.maybe)",
        "has(self.map.k1)",
        "has(self.sub.deep)",
        "$t < $t",
        "$t == $t",
        "$w > $w",
        "$y == $y",
        "$e == $i",
        "$e == $s",
        "type($e) == string",
        "type($e) == int",
        "$e > $i",
        "sets.contains($l, $l)",
        "sets.intersects($n, $n)",
        "sets.equivalent($l, $l)",
        "isQuantity($s)",
        "$q.isGreaterThan($q)",
        "$q.isLessThan($q)",
        "$q.isInteger()",
        "$q == $q",
        "isIP($s)",
        "isCIDR($s)",
        "$p.isLoopback()",
        "$p.isGlobalUnicast()",
        "$c.containsIP($p)",
        "$c.containsCIDR($c)",
        "isURL($s)",
        "$v.isLessThan($v)",
        "isSemver($s)",
        "$o.hasValue()",
        "$o == $o",
        "format.dns1123Label().validate($s).hasValue()",
        "self.set == self.set2",
        "self.ports == self.ports",
        "bool($s)",
        "self.flag",
        "$m == $m",
        "ip.isCanonical($s)",
        "self.sub == self.sub",
        "$r.getScheme() == $s",
        "$i < $u",
        "$u <= $d",
        "format.named($s).hasValue()",
        "[$b, $b].exists(x, x)",
        "self.ports.exists(p, p.name == $s && p.port > $i)"}},
      {'i',
       {"$i + $i",
        "$i - $i",
        "$i * $i",
        "$i / $i",
        "$i % $i",
        "-$i",
        "$b ? $i : $i",
        "size($s)",
        "$s.size()",
        "$l.size()",
        "$m.size()",
        "$n.size()",
        "$l[$i]",
        "$l.sum()",
        "$l.min()",
        "$l.max()",
        "$l.indexOf($i)",
        "$l.lastIndexOf($i)",
        "$n.indexOf($s)",
        "$s.indexOf($s)",
        "$s.indexOf($s, $i)",
        "$s.lastIndexOf($s)",
        "$s.lastIndexOf($s, $i)",
        "int($s)",
        "int($d)",
        "int($u)",
        "$t.getFullYear()",
        "$t.getDayOfYear()",
        "$t.getHours('America/New_York')",
        "$t.getMinutes('+05:30')",
        "$t.getDayOfWeek()",
        "$w.getSeconds()",
        "$w.getMilliseconds()",
        "$q.sign_()",
        "$q.asInteger()",
        "$q.compareTo($q)",
        "$p.family()",
        "$c.prefixLength()",
        "$v.major()",
        "$v.minor()",
        "$l.filter(x, x > $i).size()",
        "$l.map(x, x * $i).sum()",
        "$o.orValue('zz').size()",
        "int($t)",
        "int($w)",
        "self.count",
        "self.__in__",
        "$l.first().orValue($i)",
        "self.sub.deep.n",
        "$y.size()",
        "sign($q)",
        "self.ports[$i].port",
        "self.?sub.?deep.?n.orValue($i)"}},
      {'u', {"$u + $u", "$u - $u", "$u * $u", "$u / $u", "uint($i)", "uint($d)", "uint($s)"}},
      {'d',
       {"$d + $d", "$d - $d", "$d * $d", "$d / $d", "-$d", "double($i)", "double($s)", "self.ratio",
        "$q.asApproximateFloat()"}},
      {'s',
       {"$s + $s",
        "$b ? $s : $s",
        "self.name",
        "self.a__dash__b",
        "self.map['k1']",
        "$m[$s]",
        "$n[$i]",
        "string($i)",
        "string($d)",
        "string($u)",
        "string($b)",
        "string($t)",
        "string($w)",
        "string($y)",
        "$s.lowerAscii()",
        "$s.upperAscii()",
        "$s.trim()",
        "$s.substring($i)",
        "$s.substring($i, $i)",
        "$s.charAt($i)",
        "$s.replace($s, $s)",
        "$s.replace($s, $s, $i)",
        "$n.join()",
        "$n.join($s)",
        "'%s-%d'.format([$s, $i])",
        "'%s'.format([$l])",
        "'%x %o %b'.format([$i, $i, $i])",
        "'%s %s'.format([$n, $m])",
        "strings.quote($s)",
        "$s.find('[a-z]+')",
        "$s.find($s)",
        "$o.orValue($s)",
        "string($p)",
        "string($c)",
        "$r.getHost()",
        "$r.getPort()",
        "$r.getEscapedPath()",
        "$r.getHostname()",
        "'%.2f|%e'.format([$d, $d])",
        "'%s'.format([$w])",
        "$n.sort()[0]",
        "$s.split('')[0]"}},
      {'y', {"bytes($s)", "$y + $y", "self.data"}},
      {'l',
       {"[$i, $i]", "$l + $l", "$l.map(x, x + $i)", "$l.filter(x, x != $i)", "$l.map(x, x > $i, x)", "self.list",
        "$n.map(x, x.size())", "$l.transformList(i, x, i + x)", "$l.sort()", "$l.reverse()", "$l.distinct()",
        "$l.slice(0, $i)", "lists.range($i % 50)", "[$l, $l].flatten()", "$l.sortBy(x, -x)", "$b ? $l : $l",
        "self.ports.map(p, p.port)", "[$i, ?optional.none()]"}},
      {'n',
       {"[$s, $s]", "$n + $n", "$n.filter(x, x != $s)", "self.names", "self.set", "$s.split($s)", "$s.split($s, $i)",
        "$s.findAll('[a-z0-9]')", "$s.findAll($s, $i)", "$n.map(x, x + $s)", "$m.map(k, k).sort()",
        "$m.transformList(k, v, k + v).sort()", "$n.sort()", "$n.sortBy(x, x.size())", "$n.reverse()", "$n.distinct()",
        "self.ports.map(p, p.name)", "$r.getQuery()['a']"}},
      {'m',
       {"self.map", "{'a': $s}", "{$s: $s, 'b': $s}", "$m.transformMap(k, v, v + k)",
        "$m.transformMap(k, v, v != $s, v)", "{'a': $s, ?'b': $o}"}},
      {'t',
       {"self.time", "timestamp($s)", "timestamp('2024-02-29T23:59:59.5Z')", "$t + $w", "$t - $w", "timestamp($i)"}},
      {'w', {"self.wait", "duration($s)", "duration('1h30m')", "$w + $w", "$t - $t", "$w - $w"}},
      {'e', {"self.either", "self.number", "dyn($i)", "dyn($s)"}},
      {'q',
       {"quantity('1.5Gi')", "quantity('100m')", "quantity($s)", "$q.add($q)", "$q.sub($i)", "quantity('5E')",
        "quantity('0.001Ki')"}},
      {'p', {"ip('10.0.0.1')", "ip('::1')", "ip($s)", "$c.ip()", "ip('fe80::1:0:0:2')"}},
      {'c', {"cidr('10.0.0.0/8')", "cidr('2001:db8::/32')", "cidr($s)", "$c.masked()", "cidr('192.168.1.77/24')"}},
      {'v', {"semver('1.2.3')", "semver('1.10.0-rc.1+x')", "semver($s)", "semver($s, true)"}},
      {'o',
       {"optional.of($s)", "optional.none()", "self.?name", "self.?maybe", "$m[?$s]", "$n[?$i]", "$o.optMap(x, x + $s)",
        "$o.or($o)", "optional.ofNonZeroValue($s)", "$o.optFlatMap(x, $m[?x])", "$n.last()"}},
      {'r',
       {"url('https://user@host.example:8443/a%2Fb/c?a=1&a=2#f')", "url('/path?x=%41')", "url($s)",
        "url('http://[::1]:80/')"}},
  };
  return all;
}

Json parse(std::string_view text) {
  auto json = data::parse_json(text);
  if (!json) std::abort();
  return *json;
}

}  // namespace

const Json& CelCases::schema() {
  static const Json schema = parse(R"({"type": "object", "properties": {
    "name": {"type": "string", "maxLength": 40}, "count": {"type": "integer"}, "ratio": {"type": "number"}, "flag": {"type": "boolean"},
    "either": {"x-kubernetes-int-or-string": true}, "number": {"x-kubernetes-int-or-string": true},
    "data": {"type": "string", "format": "byte"}, "time": {"type": "string", "format": "date-time"},
    "wait": {"type": "string", "format": "duration"}, "maybe": {"type": "string", "nullable": true}, "a-b": {"type": "string"},
    "in": {"type": "integer"}, "list": {"type": "array", "maxItems": 20, "items": {"type": "integer"}},
    "names": {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 30}},
    "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
    "set2": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
    "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": {"type": "object",
      "properties": {"name": {"type": "string"}, "port": {"type": "integer"}}}},
    "map": {"type": "object", "maxProperties": 5, "additionalProperties": {"type": "string"}},
    "sub": {"type": "object", "properties": {"deep": {"type": "object", "properties": {"n": {"type": "integer"}}}}},
    "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}})");
  return schema;
}

const Json& CelCases::object() {
  static const Json object =
      parse(R"({"name": "näme", "count": 3, "ratio": 1.5, "flag": true, "either": "5%", "number": 7, "data": "aGk=",
    "time": "2024-02-29T12:30:00Z", "wait": "1h30m", "maybe": null, "a-b": "dash", "in": 7, "list": [1, 2, 3], "names": ["b", "a"],
    "set": ["x", "y"], "set2": ["y", "x"], "ports": [{"name": "http", "port": 80}, {"name": "https", "port": 443}],
    "map": {"k1": "v", "k2": "w"}, "sub": {"deep": {"n": 4}}, "open": {"secret": 1}})");
  return object;
}

std::string CelCases::literal(char type) {
  static const std::map<char, std::vector<std::string>> all = {
      {'b', {"true", "false", "self.flag", "1 / 0 == 1"}},
      {'i', {"0", "1", "2", "-1", "3", "5", "100", "9223372036854775807", "self.count"}},
      {'u', {"0u", "1u", "3u", "18446744073709551615u"}},
      {'d', {"0.0", "1.5", "-2.25", "3.0", "1e10", "0.1", "self.ratio"}},
      {'s',
       {"''", "'a'", "'abc'", "'näme'", "'12'", "'1.5'", "'k1'", "'10.0.0.1'", "'10.0.0.0/8'", "'https://a.b/c?d=1'",
        "'1.2.3'", "'1Gi'", "'2024-01-01T00:00:00Z'", "'3m'", "'[a-'", "'a b,c'", "self.name", "'uuid'", "'true'"}},
      {'y', {"b'a'", "b'\\xff'", "self.data"}},
      {'l', {"[]", "[1, 2, 3]", "[3, 1]", "self.list"}},
      {'n', {"[]", "['a', 'bb']", "self.names", "self.set"}},
      {'m', {"{}", "{'a': 'b'}", "self.map"}},
      {'o', {"optional.none()", "optional.of('a')", "self.?name"}}};
  const auto found = all.find(type);
  const std::vector<std::string>& choices = found != all.end() ? found->second : templates().at(type);
  std::string chosen = choices[static_cast<std::size_t>(below(static_cast<int>(choices.size())))];
  return chosen.find('$') == chosen.npos ? chosen : literal(type);
}

std::string CelCases::make(char type, int depth) {
  if (depth <= 0) return literal(type);
  const auto& choices = templates().at(type);
  const std::string& form = choices[static_cast<std::size_t>(below(static_cast<int>(choices.size())))];
  std::string out;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] != '$') {
      out += form[i];
      continue;
    }
    // A wrong type here and there.
    const char inner = chance(1) ? "bisdln"[below(6)] : form[i + 1];
    std::string part = make(inner, depth - 1 - below(2));
    const bool is_simple = part.find(' ') == part.npos && !part.starts_with('-');
    out += is_simple ? part : "(" + part + ")";
    ++i;
  }
  return out;
}

Json CelCases::make_rules(char type) {
  static const std::map<char, std::vector<std::string>> rules = {
      {'o',
       {"self.a < self.b", "has(self.s)", "self.s == oldSelf.s", "!has(oldSelf.s) || has(self.s)",
        "self.l.all(x, x < self.b)", "self.k.all(x, x.n != 'bad')", "self.m.all(k, self.m[k] > 0)",
        "self.a / self.b > 0"}},
      {'i', {"self > 2", "self >= oldSelf", "self % 2 == 0", "10 / self > 1"}},
      {'s', {"self != 'bad'", "self == oldSelf", "self.matches('^[a-z]*$')", "self.size() < 3"}},
      {'l', {"self.size() < 3", "self.all(x, x >= 0)", "size(self) >= size(oldSelf)"}},
      {'k', {"self.all(x, has(x.v))", "self == oldSelf", "self.size() < 3"}},
      {'m', {"self.size() < 3", "'x' in self", "oldSelf.all(k, k in self)"}}};
  Json list = Json::array();
  const auto& choices = rules.at(type);
  for (int i = below(3); i > 0; --i) {
    Json rule = Json::object({{"rule", choices[static_cast<std::size_t>(below(static_cast<int>(choices.size())))]}});
    if (chance(30)) rule.set("message", "message " + std::to_string(below(10)));
    if (chance(20))
      rule.set("messageExpression", type == 'i' ? "'was ' + string(self)" : type == 's' ? "self + '!'" : "'x'");
    static constexpr const char* kReasons[] = {"FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired",
                                               "FieldValueDuplicate"};
    if (chance(30)) rule.set("reason", kReasons[below(4)]);
    if (type == 'o' && chance(20)) rule.set("fieldPath", chance(50) ? ".a" : "['s']");
    if (rule.text({"rule"}).find("oldSelf") != std::string::npos && chance(10)) rule.set("optionalOldSelf", true);
    list.append(std::move(rule));
  }
  return list;
}

Json CelCases::make_object() {
  Json object = Json::object();
  if (chance(90)) object.set("a", below(8));
  if (chance(90)) object.set("b", below(8));
  if (chance(80)) object.set("s", chance(20) ? "bad" : chance(50) ? "ok" : "Long");
  if (chance(80)) {
    Json list = Json::array();
    for (int i = below(4); i > 0; --i) list.append(below(6) - 1);
    object.set("l", list);
  }
  if (chance(80)) {
    Json list = Json::array();
    for (int i = 0; i < 3; ++i)
      if (chance(60)) {
        Json item = Json::object({{"n", i == 0 ? "bad" : "n" + std::to_string(i)}});
        if (chance(70)) item.set("v", below(6));
        list.append(std::move(item));
      }
    object.set("k", list);
  }
  if (chance(80)) {
    Json map = Json::object();
    for (const char* key : {"x", "y", "z"})
      if (chance(50)) map.set(key, below(5));
    object.set("m", map);
  }
  return object;
}

Json CelCases::next_object() {
  const auto level = [&](std::string_view text, char type) {
    Json schema = parse(text);
    if (const Json rules = make_rules(type); !rules.empty()) schema.set("x-kubernetes-validations", rules);
    return schema;
  };
  Json item = level(R"({"type": "object", "properties": {"n": {"type": "string"}}})", 'o');
  item.erase("x-kubernetes-validations");
  item.at("properties").set("v", level(R"({"type": "integer"})", 'i'));
  Json list = level(R"({"type": "array"})", 'l'),
       keyed = level(R"({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"]})", 'k');
  list.set("items", level(R"({"type": "integer"})", 'i'));
  keyed.set("items", item);
  Json map = level(R"({"type": "object"})", 'm');
  map.set("additionalProperties", level(R"({"type": "integer"})", 'i'));
  Json spec = level(R"({"type": "object"})", 'o');
  spec.set("properties", Json::object({{"a", level(R"({"type": "integer"})", 'i')},
                                       {"b", parse(R"({"type": "integer"})")},
                                       {"s", level(R"({"type": "string"})", 's')},
                                       {"l", list},
                                       {"k", keyed},
                                       {"m", map}}));
  const Json schema = Json::object({{"type", "object"}, {"properties", Json::object({{"spec", spec}})}});
  const auto root = [](Json inner) {
    return Json::object({{"apiVersion", "g/v1"},
                         {"kind", "K"},
                         {"metadata", Json::object({{"name", "x"}})},
                         {"spec", std::move(inner)}});
  };
  Json before = make_object();
  Json now = chance(50) ? make_object() : before;
  if (chance(30)) now.set("a", below(8));
  Json request = Json::object({{"schema", schema}, {"object", root(now)}, {"root", true}});
  if (chance(60)) request.set("old", root(before));
  return request;
}

const std::vector<std::string>& CelCases::written() {
  static const std::vector<std::string> all = {
      "self.nope == 1",
      "self.open.secret == 1",
      "self.count + 'a' == 1",
      "unknown(1)",
      "self.count",
      "[1, 'a'] == [1]",
      "duration('x') == self.wait",
      "timestamp('x') == self.time",
      "self.name.matches('[')",
      "self.namespace == 1",
      "self.list.all(1, true)",
      "self.count.all(x, true)",
      "has(self)",
      "has(self.list[0])",
      "[1, dyn('a')] == []",
      "{'a': 1, 'b': 'c'}.size() == 2",
      "{1: 1, 'b': 2}.size() == 2",
      "'%s %d'.format(['a', 1]) == 'a 1'",
      "'%d'.format(['a']) == 'a'",
      "'%s'.format([]) == ''",
      "'%q'.format([1]) == ''",
      "self.either.size() == 2",
      "self.either.nope == 1",
      "self.number.nope == 1",
      "has(self.number.nope)",
      "self.?number.?nope.hasValue()",
      "self.number[0] == 1",
      "self.either[0] == 'a'",
      "[1, 2][2] == 1",
      "[1, 2][-1] == 1",
      "{'a': 1}['b'] == 1",
      "{'a': 1}.b == 1",
      "self.map.nope == 'x'",
      "self.ports[0].name == 'http'",
      "self.ports[9].name == 'x'",
      "dyn(1).foo == 1",
      "dyn([1]).all(x, x == 1)",
      "dyn(1).all(x, x == 1)",
      "dyn({'a': 1}).exists(k, k == 'a')",
      "1 in dyn(2)",
      "dyn('a') + dyn(1) == 'a'",
      "-dyn('a') == 1",
      "!dyn(1)",
      "dyn(1) && true",
      "false || dyn(1)",
      "dyn(1) ? true : false",
      "size(dyn(1)) == 1",
      "dyn(1).size() == 1",
      "dyn(1).startsWith('a')",
      "int(dyn([])) == 1",
      "dyn(1) < dyn('a')",
      "dyn(1.5) < dyn(2u)",
      "type(self) == type(self.sub)",
      "type(self.list) == list",
      "type(self.map) == map",
      "type(null) == null_type",
      "type(self.set) == list",
      "type(optional.of(1)) == optional_type",
      "type(ip('::1')) == net.IP",
      "type(quantity('1')) == kubernetes.Quantity",
      "string(1e6) == '1e+06'",
      "string(1234567.5) == '1.2345675e+06'",
      "string(0.00001) == '1e-05'",
      "string(100000.0) == '100000'",
      "string(duration('1h')) == '3600s'",
      "string(duration('1.5s')) == '1.5s'",
      "string(timestamp('2024-01-01T00:00:00.123Z')) == '2024-01-01T00:00:00.123Z'",
      "timestamp('0001-01-01T00:00:00Z') - duration('1ns') == self.time",
      "timestamp('9999-12-31T23:59:59Z') + duration('1s') == self.time",
      "duration('9223372036s') + duration('9223372036s') == self.wait",
      "duration('290y') == self.wait",
      "int('+5') == 5",
      "int('0x10') == 16",
      "int(' 5') == 5",
      "uint('-1') == 1u",
      "double('1e400') == 1.0",
      "double('nan') == 1.0",
      "double('0x1p4') == 16.0",
      "double('inf') > 1.0",
      "bool('TRUE')",
      "bool('yes')",
      "int(1e19) == 1",
      "uint(-1) == 1u",
      "uint(-1.0) == 1u",
      "-(-9223372036854775808) == 1",
      "9223372036854775808 == 1",
      "-9223372036854775808 / -1 == 1",
      "-9223372036854775808 % -1 == 0",
      "1 % 0 == 1",
      "1u / 0u == 1u",
      "1.0 / 0.0 > 1.0",
      "0.0 / 0.0 == 0.0",
      "0.0 / 0.0 < 1.0",
      "[0.0 / 0.0].max() == 1.0",
      "1 == 1.0",
      "dyn(1) == 1.0",
      "dyn(1u) == 1",
      "dyn([1]) == [1.0]",
      "dyn(9007199254740993) == 9007199254740992.0",
      "{1: 'a'}[dyn(1.0)] == 'a'",
      "{1: 'a'}[dyn(1u)] == 'a'",
      "[1, 2][dyn(1.0)] == 2",
      "[1, 2][dyn(1.5)] == 2",
      "[1, 2][dyn('a')] == 2",
      "dyn(2.0) in [1, 2]",
      "dyn(2u) in {2: 1}",
      "null == dyn(1)",
      "optional.of(null) == optional.none()",
      "optional.none().value() == 1",
      "optional.of(1).orValue(2) == 1",
      "[?optional.of(1)] == [1]",
      "{?'a': optional.of(1)} == {'a': 1}",
      "{'a': 1, ?'a': optional.none()}.size() == 0",
      "[1].first() == optional.of(1)",
      "optional.unwrap([optional.of(1)]) == [1]",
      "[optional.of(1)].unwrapOpt() == [1]",
      "self.?sub.deep.n == optional.of(4)",
      "self.?nope.hasValue()",
      "self.?map.k1.orValue('') == 'v'",
      "self.?map['k9'].hasValue()",
      "self.list[?5].hasValue()",
      "r'\\n'.size() == 2",
      "'\\x41\\u0042\\U00000043\\103' == 'ABCC'",
      "b'\\x41\\103' == b'AC'",
      "'''a\nb'''.size() == 3",
      "\"\"\"a'b\"\"\".size() == 3",
      "'\\z' == ''",
      "br'\\n'.size() == 2",
      "rb'a' == b'a'",
      "0xff == 255 && 0xFFu == 255u",
      "1.5e3 == 1500.0 && .5 == 0.5",
      "1. == 1.0",
      "--1 == 1",
      "- 1 == -1",
      "!!true",
      "true // comment",
      "a.b",
      "self.list.map(x, x, x, x)",
      "self.list.map(self, self > 1) == [false, true, true]",
      "[[1, 2], [3]].all(l, l.all(x, l.exists(y, y == x)))",
      "[1, 2].exists(x, [3].exists(x, x == 3))",
      "self.list.all(x, x > 0, true)",
      "{'a': 1}.transformMapEntry(k, v, {v: k}) == {1: 'a'}",
      "[1, 1].transformMapEntry(i, v, {v: i}) == {1: 0}",
      "cel.bind(x, 1, x == 1)",
      "sets.nope([1])",
      "math.greatest(1, 2) == 2",
      "base64.encode(b'a') == 'YQ=='",
      "google.protobuf.Int64Value{value: 1} == 1",
      "google.protobuf.Timestamp{seconds: 1} == self.time",
      "type(self.time) == google.protobuf.Timestamp",
      "format.named('nope').hasValue()",
      "format.named('date').value().validate('2024-01-32').value() == ['invalid date']",
      "format.dns1123Label().validate('A_').value()[0].contains('RFC 1123')",
      "format.uri().validate('::').value() == []",
      "format.qualifiedName().validate('a/b/c').hasValue()",
      "quantity('1e3') == quantity('1k')",
      "quantity('1.5.2') == quantity('1')",
      "isQuantity('-')",
      "isQuantity('1Kib')",
      "quantity('0.1Ki').isInteger()",
      "quantity('1E30').asApproximateFloat() > 1.0",
      "quantity('12345678901234567890').asInteger() == 1",
      "quantity('1n').add(quantity('1')).asApproximateFloat() == 1.000000001",
      "semver('1.02.3') == semver('1.2.3')",
      "semver('v1', true) == semver('1.0.0')",
      "semver('1.0.0-alpha').isLessThan(semver('1.0.0'))",
      "isSemver('1.0')",
      "semver('1.0.0+a') == semver('1.0.0+b')",
      "ip('1.2.3') == ip('1.2.3.4')",
      "ip('::ffff:1.2.3.4').family() == 4",
      "ip('fe80::1%eth0').family() == 6",
      "ip.isCanonical('::0001')",
      "ip.isCanonical('x')",
      "cidr('10.0.0.0/08').prefixLength() == 8",
      "cidr('10.0.0.0').prefixLength() == 8",
      "cidr('10.0.0.0/8').containsIP('x')",
      "cidr('10.0.0.0/8').containsCIDR('x')",
      "url('https://a b/').getHost() == ''",
      "url('a/b').getHost() == ''",
      "url('https://[::1]/').getHostname() == '::1'",
      "url('http://a:b/').getPort() == ''",
      "url('mailto:a@b').getScheme() == 'mailto'",
      "isURL('')",
      "isURL('http://%41/')",
      "url('http://a/?b=1;c').getQuery().size() == 0",
      "'abc'.substring(2, 1) == ''",
      "'abc'.substring(-1) == ''",
      "'abc'.charAt(9) == ''",
      "'a'.replace('', '-') == '-a-'",
      "'abab'.replace('a', 'x', 1) == 'xbab'",
      "'abc'.split('', 2) == ['a', 'bc']",
      "'a,b'.split(',', 0) == []",
      "'a'.indexOf('', 9) == 9",
      "'a'.indexOf('b', -1) == 0",
      "'ab'.lastIndexOf('b', 0) == -1",
      "'\\u00a0a\\u3000'.trim() == 'a'",
      "[2, 1].sort() == [1, 2]",
      "['b', 'a'].sortBy(x, x) == ['a', 'b']",
      "[1].slice(-1, 0) == []",
      "[1].slice(0, 5) == []",
      "[[1, [2]]].flatten(2) == [1, 2]",
      "[[1], [2]].flatten(-1) == []",
      "lists.range(-1) == []",
      "[].max() == 1",
      "[1, 2].sum() == 3",
      "['a'].sum() == 'a'",
      "[duration('1s')].sum() == duration('1s')",
      "[true, false].isSorted()",
      "lists.range(1000).all(x, lists.range(1000).all(y, x + y >= 0))",
      "self.set + ['x', 'z'] == ['x', 'y', 'z']",
      "self.ports + self.ports == self.ports",
      "self.time.getDayOfWeek('Europe/Berlin') == 4",
      "self.time.getHours('Nowhere/City') == 1",
      "self.time.getHours('-08:00') == 4",
      "self.time.getHours('8:00') == 20",
      "self.time.getMilliseconds() == 0",
      "duration('-1.5s').getSeconds() == -1",
      "self.name.size() > 0 && self.list.exists(x, x == 2) ? self.count == 3 : false",
      "[has(self.name), has(self.maybe)].filter(x, x == true).size() == 1",
      "!(self.name in ['Ready', 'Available'])",
      "self.ports.all(x, self.ports.exists_one(y, x.name == y.name))"};
  return all;
}

}  // namespace slipway::real
