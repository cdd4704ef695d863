#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <iostream>
#include <regex>
#include <set>
#include <sstream>

#include "base/subprocess.h"
#include "cel/program.h"
#include "data/json_text.h"
#include "real/cel_cases.h"
#include "registry/schema.h"

// Expressions and rules beside the code that kube-apiserver runs (tests/real/oracles/cel): the same expressions
// compile, with the same values, errors and costs, and objects get the same errors. SLIPWAY_CEL_CASES and
// SLIPWAY_CEL_SEED say how many and which.
namespace slipway::real {
namespace {

using data::Json;

std::uint64_t number_from(const char* variable, std::uint64_t fallback) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}

std::filesystem::path oracle() {
  return std::filesystem::path(SLIPWAY_SOURCE_FOLDER) / "build/real/bin/cel-oracle";
}

class CelOracle : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::string script = std::string(SLIPWAY_SOURCE_FOLDER) + "/tests/real/build-oracles";
    (void)base::run_process({.argv = {script}, .timeout = std::chrono::minutes(10)});
  }
  void SetUp() override {
    if (!std::filesystem::exists(oracle()))
      GTEST_SKIP() << "build/real/bin/cel-oracle is not there and cannot be built; is Go there?";
  }

  static std::vector<Json> ask(const std::vector<Json>& requests, std::size_t expected) {
    std::string input;
    for (const Json& request : requests) input += data::to_json(request) + "\n";
    const auto run = base::run_process(
        {.argv = {oracle()}, .input = std::move(input), .timeout = std::chrono::minutes(20), .output_limit = 1u << 30});
    EXPECT_TRUE(run && run->exit_code == 0) << (run ? run->standard_error : run.error().message());
    std::vector<Json> answers;
    if (!run) return answers;
    std::istringstream lines(run->standard_output);
    for (std::string line; std::getline(lines, line);) answers.push_back(data::parse_json(line).value_or(Json()));
    EXPECT_EQ(answers.size(), expected);
    return answers;
  }
};

// Messages about syntax are the parser generator's upstream, and names of Go types tell nothing here.
std::string comparable(std::string text) {
  if (text.find("Syntax error") != std::string::npos || text.find("error parsing regexp") != std::string::npos)
    return "syntax";
  if (const auto at = text.find("ParsePrefix("); at != std::string::npos) text.erase(at);
  if (const auto at = text.find("got '"); at != std::string::npos) text.erase(at);
  if (const auto at = text.find("ParseAddr("); at != std::string::npos) text.erase(at);
  for (auto at = text.find("．"); at != std::string::npos; at = text.find("．"))
    text.replace(at, std::string("．").size(), ".");
  static const std::regex type_name("selfType[0-9]+[.@a-zA-Z0-9_]*");
  return std::regex_replace(text, type_name, "object");
}

Json evaluate(const std::string& rule) {
  static cel::Declarations declarations;
  const auto self = declarations.read(CelCases::schema(), false);
  const auto program = cel::Program::compile(rule, self, false, cel::ResultType::kBool);
  if (!program) {
    const std::string message(program.error().message());
    return Json::object(
        {{"compile", message.starts_with("ERROR") ? "compilation failed: " + message : message}, {"value", ""}});
  }
  const cel::Evaluation evaluation = program->evaluate(CelCases::object(), nullptr);
  return Json::object({{"compile", ""},
                       {"value", evaluation.value.show()},
                       {"cost", static_cast<std::int64_t>(evaluation.cost)},
                       {"max_cost", static_cast<double>(program->most_cost())}});
}

// Known differences, which src/cel/README.md names: upstream panics on an error inside an index, takes a sum of
// quantities for another type than a parsed one, and looks into the literal arguments of format() when it compiles.
bool is_known(const std::string& rule, const Json& ours, const Json& theirs) {
  const std::string &their_value = theirs.text({"value"}), &their_compile = theirs.text({"compile"});
  if (their_value.starts_with("internal error")) return true;
  if (rule.find("quantity(") != rule.npos && their_value == "no such overload") return true;
  if (rule.find("{value:") != rule.npos || rule.find("{seconds:") != rule.npos) return !ours.text({"compile"}).empty();
  return rule.find(".format(") != rule.npos && ours.text({"compile"}).empty() && !their_compile.empty();
}

// What differs, or "".
std::string difference(const Json& ours, const Json& theirs) {
  if (ours.text({"compile"}).empty() != theirs.text({"compile"}).empty() || ours.text({"compile"}).empty()) {
    if (ours.text({"compile"}) != theirs.text({"compile"})) return "compile";
    if (comparable(ours.text({"value"})) != comparable(theirs.text({"value"}))) return "value";
    // An evaluation that is cut short may have counted a little more here or there.
    const bool is_cut = ours.text({"value"}).starts_with("operation cancelled");
    if (!is_cut && ours["cost"].integer_or(-1) != theirs["cost"].integer_or(-2)) return "cost";
    if (ours["max_cost"].number_or(-1) != theirs["max_cost"].number_or(-2)) return "estimate";
    return "";
  }
  return comparable(ours.text({"compile"})) == comparable(theirs.text({"compile"})) ? "" : "words";
}

void compare(const std::vector<std::string>& rules, const std::vector<Json>& answers) {
  std::map<std::string, int> differences;
  int compiled = 0;
  for (std::size_t i = 0; i < std::min(rules.size(), answers.size()); ++i) {
    const Json ours = evaluate(rules[i]);
    compiled += answers[i].text({"compile"}).empty() ? 1 : 0;
    const std::string what = difference(ours, answers[i]);
    if (what.empty() || is_known(rules[i], ours, answers[i])) continue;
    const bool is_cost = what == "cost";
    if (++differences[what] > 15 || is_cost) {
      if (is_cost)
        std::cout << fmt::format("cost {} beside {}: {}\n", ours["cost"].integer_or(0),
                                 answers[i]["cost"].integer_or(0), rules[i]);
      continue;
    }
    ADD_FAILURE() << what << " differs: " << rules[i] << "\n  ours   " << data::to_json(ours) << "\n  theirs "
                  << data::to_json(answers[i]);
  }
  std::cout << fmt::format("{} expressions, {} of them compile\n", rules.size(), compiled);
  // Upstream loops over a map in any order, and charges some steps of an evaluation that failed by another rule.
  EXPECT_LE(differences["cost"], 2 + static_cast<int>(rules.size()) / 200);
  for (const auto& [what, count] : differences) std::cout << fmt::format("  {} differs in {}\n", what, count);
}

// Many expressions a request: upstream makes the environment once for each.
std::vector<Json> requests_for(const std::vector<std::string>& rules) {
  std::vector<Json> requests;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (i % 200 == 0)
      requests.push_back(
          Json::object({{"schema", CelCases::schema()}, {"rules", Json::array()}, {"object", CelCases::object()}}));
    requests.back().at("rules").append(rules[i]);
  }
  return requests;
}

TEST_F(CelOracle, WrittenExpressions) {
  const std::vector<std::string>& rules = CelCases::written();
  compare(rules, ask(requests_for(rules), rules.size()));
}

TEST_F(CelOracle, RandomExpressions) {
  CelCases cases(number_from("SLIPWAY_CEL_SEED", 1));
  std::vector<std::string> rules;
  for (std::uint64_t i = number_from("SLIPWAY_CEL_CASES", 3000); i > 0; --i) rules.push_back(cases.next_expression());
  compare(rules, ask(requests_for(rules), rules.size()));
}

TEST_F(CelOracle, RandomObjects) {
  CelCases cases(number_from("SLIPWAY_CEL_SEED", 1));
  std::vector<Json> requests;
  for (std::uint64_t i = number_from("SLIPWAY_CEL_CASES", 3000); i > 0; --i) requests.push_back(cases.next_object());
  const std::vector<Json> answers = ask(requests, requests.size());
  int with_errors = 0;
  for (std::size_t i = 0; i < std::min(requests.size(), answers.size()); ++i) {
    const auto schema = registry::StructuralSchema::compile(requests[i]["schema"]);
    ASSERT_TRUE(schema) << schema.error().message();
    registry::FieldErrors errors;
    const Json& old = requests[i]["old"];
    (*schema)->validate_rules(requests[i]["object"], old.is_null() ? nullptr : &old, errors);
    // Upstream walks members in any order.
    std::multiset<std::string> ours, theirs;
    for (const auto& error : errors) ours.insert(fmt::format("{}: {}", error.field, error.message));
    for (const Json& error : answers[i]["errors"].items()) theirs.insert(comparable(error.string_or_empty()));
    with_errors += theirs.empty() ? 0 : 1;
    EXPECT_EQ(ours, theirs) << data::to_json(requests[i]);
    if (HasFailure()) return;
  }
  std::cout << fmt::format("{} objects, {} of them with errors\n", requests.size(), with_errors);
  EXPECT_GT(with_errors, 0);
}

}  // namespace
}  // namespace slipway::real
