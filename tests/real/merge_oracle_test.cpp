#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sstream>

#include "base/files.h"
#include "base/subprocess.h"
#include "data/json_text.h"
#include "real/merge_cases.h"
#include "registry/apply/field_manager.h"
#include "registry/apply/fields_v1.h"
#include "registry/schema.h"

// Server-side apply beside the code that kube-apiserver runs (tests/real/oracles/merge): random schemas and operations,
// the same objects, managers, sets of fields (byte for byte) and conflicts. SLIPWAY_MERGE_CASES and SLIPWAY_MERGE_SEED
// say how many and which.
namespace slipway::real {
namespace {

using data::Json;
using registry::FieldManager;
using registry::FieldPath;
using registry::FieldSet;
using registry::MergeType;
using registry::PathElement;
using registry::TypedValue;

constexpr int kOperations = 5;
constexpr const char* kPast = "2023-11-14T22:13:20Z";
constexpr const char* kNow = "2025-01-01T00:00:00Z";

std::uint64_t number_from(const char* variable, std::uint64_t fallback) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}

// Both versions have one schema and differ in apiVersion only.
class TwoVersions final : public registry::VersionConverter {
 public:
  explicit TwoVersions(MergeType type) : type_(type) {}
  base::Result<std::optional<TypedValue>> convert(const TypedValue& object, const std::string& api_version) override {
    auto converted = std::make_shared<Json>(*object.value);
    converted->set("apiVersion", api_version);
    return std::optional(TypedValue{std::move(converted), type_});
  }

 private:
  MergeType type_;
};

struct Outcome {
  Json object;
  std::vector<std::string> managers;
  std::string error;
  std::vector<std::string> causes;
};

// Go prints maps and lists of problems in any order.
std::string sorted_letters(std::string text) {
  std::ranges::sort(text);
  return text;
}

class Ours {
 public:
  explicit Ours(const Json& schema) {
    auto compiled = registry::StructuralSchema::compile(schema);
    if (!compiled) {
      ADD_FAILURE() << compiled.error().message();
      std::abort();
    }
    schema_ = *compiled;
    live_ = Json::object({{"apiVersion", "example.com/v1"}, {"kind", "Thing"}});
  }
  const Json& live() const { return live_; }

  Outcome run(const Json& operation) {
    const MergeType type = MergeType::resource(schema_.get());
    TwoVersions versions(type);
    registry::FieldManagerScope scope;
    scope.gvk = {"example.com", operation.text({"version"}), "Thing"};
    scope.subresource = operation.text({"subresource"});
    scope.type = type;
    scope.now = kNow;
    const bool is_status = scope.subresource == "status";
    for (const char* name : {"metadata", "spec"})
      if (is_status) scope.reset.insert({PathElement::field(name)});
    if (!is_status) scope.reset.insert({PathElement::field("status")});
    FieldManager fields(scope, versions);
    Json live = live_;
    live.set("apiVersion", scope.gvk.api_version());
    Outcome out;
    Json next = operation["object"];
    if (operation.text({"operation"}) == "Apply") {
      auto applied = fields.apply(live, next, operation.text({"manager"}), operation["force"].bool_or(false));
      if (applied) {
        live_ = std::move(applied->object);
        set_managers(std::move(applied->managed_fields));
      } else {
        out.error = applied.error().message();
        for (const auto& cause : applied.error().fields())
          out.causes.push_back(fmt::format("{} {} {}", cause.reason, cause.field, cause.message));
        std::ranges::sort(out.causes);
      }
    } else {
      const Json sent = next["metadata"]["managedFields"];
      next.at("metadata").erase("managedFields");
      Json managers = fields.update(live, next, sent, operation.text({"manager"}));
      live_ = std::move(next);
      set_managers(std::move(managers));
    }
    live_.set("apiVersion", "example.com/v1");
    describe(out);
    freeze_times();
    return out;
  }

 private:
  void set_managers(Json managers) {
    if (!managers.is_null()) live_.at("metadata").set("managedFields", std::move(managers));
  }

  // As the oracle does: what was before this operation is all of one time.
  void freeze_times() {
    if (!live_["metadata"].contains("managedFields")) return;
    for (Json& entry : live_.at({"metadata", "managedFields"}).mutable_items())
      if (entry.contains("time")) entry.set("time", kPast);
  }

  void describe(Outcome& out) const {
    out.object = live_;
    out.object.at("metadata").erase("managedFields");
    for (const Json& entry : live_["metadata"]["managedFields"].items()) {
      const auto set = registry::decode_fields(entry["fieldsV1"]);
      EXPECT_TRUE(set);
      if (!set) continue;
      out.managers.push_back(fmt::format("{} {} {} {} {} {}", entry.text({"manager"}), entry.text({"operation"}),
                                         entry.text({"apiVersion"}), entry.text({"subresource"}),
                                         entry.contains("time"), registry::encode_fields_text(*set)));
    }
  }

  std::shared_ptr<const registry::StructuralSchema> schema_;
  Json live_;
};

Outcome read_outcome(const Json& result) {
  Outcome out;
  out.object = result["object"];
  out.error = result.text({"error"});
  for (const Json& entry : result["managers"].items())
    out.managers.push_back(fmt::format("{} {} {} {} {} {}", entry.text({"manager"}), entry.text({"operation"}),
                                       entry.text({"apiVersion"}), entry.text({"subresource"}),
                                       entry["hasTime"].bool_or(false), entry.text({"fields"})));
  for (const Json& cause : result["causes"].items()) out.causes.push_back(cause.string_or_empty());
  return out;
}

// `metadata: {}` and no metadata are the same here.
Json without_empty_metadata(Json object) {
  if (object["metadata"].empty()) object.erase("metadata");
  return object;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

// The first unknown field is named; which one comes first is a matter of chance there.
bool same_error(const std::string& ours, const std::string& reference) {
  constexpr std::string_view kUnknownField = "field not declared in schema";
  if (ours.find(kUnknownField) != ours.npos) return reference.find(kUnknownField) != reference.npos;
  return sorted_letters(ours) == sorted_letters(reference);
}

base::Result<std::string> run_oracle(const std::string& program, std::string input) {
  base::ProcessOptions options;
  options.argv = {program};
  options.input = std::move(input);
  options.timeout = std::chrono::minutes(30);
  options.output_limit = std::size_t{4} << 30;
  const base::ProcessResult result = SLIPWAY_TRY(base::run_process(options));
  if (result.exit_code != 0) return base::fail(base::ErrorCode::kUnknown, result.standard_error);
  return result.standard_output;
}

// The built oracle, or why there is none.
base::Result<std::string> build_oracle() {
  if (const char* program = std::getenv("SLIPWAY_MERGE_ORACLE")) return std::string(program);
  base::ProcessOptions options;
  options.argv = {SLIPWAY_SOURCE_FOLDER "/tests/real/build-oracles", SLIPWAY_SOURCE_FOLDER "/build/real"};
  options.timeout = std::chrono::minutes(15);
  const base::ProcessResult result = SLIPWAY_TRY(base::run_process(options));
  if (result.exit_code != 0) return base::fail(base::ErrorCode::kUnavailable, result.standard_error);
  return std::string(SLIPWAY_SOURCE_FOLDER "/build/real/bin/merge-oracle");
}

TEST(MergeOracle, SameObjectsManagersAndConflicts) {
  const auto program = build_oracle();
  if (!program) GTEST_SKIP() << "the oracle cannot be built: " << program.error().message();
  const std::uint64_t first = number_from("SLIPWAY_MERGE_SEED", 1);
  const std::uint64_t cases = number_from("SLIPWAY_MERGE_CASES", 400);
  std::string input;
  std::vector<std::vector<Outcome>> ours;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    MergeCase generated(seed);
    Ours run(generated.schema());
    Json test = Json::object({{"schema", generated.schema()}, {"operations", Json::array()}});
    ours.emplace_back();
    for (int i = 0; i < kOperations; ++i) {
      Json operation = generated.next_operation(run.live());
      ours.back().push_back(run.run(operation));
      test.at("operations").append(std::move(operation));
    }
    input += data::to_json(test) + "\n";
  }
  const auto output = run_oracle(*program, input);
  ASSERT_TRUE(output) << output.error().message();
  std::istringstream lines(*output);
  std::istringstream inputs(input);
  std::size_t conflicts = 0, failures = 0, errors = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    std::string line, test;
    ASSERT_TRUE(std::getline(lines, line)) << "the oracle stopped early";
    std::getline(inputs, test);
    const auto answer = data::parse_json(line);
    ASSERT_TRUE(answer) << line;
    ASSERT_FALSE(answer->contains("failed")) << line << "\n" << test;
    const auto& results = (*answer)["results"].items();
    ASSERT_EQ(results.size(), ours[i].size());
    for (std::size_t step = 0; step < results.size(); ++step) {
      const Outcome reference = read_outcome(results[step]);
      const Outcome& own = ours[i][step];
      conflicts += own.causes.empty() ? 0 : 1;
      errors += own.causes.empty() && !own.error.empty() ? 1 : 0;
      const bool same = without_empty_metadata(own.object) == without_empty_metadata(reference.object) &&
                        own.managers == reference.managers && own.causes == reference.causes &&
                        same_error(own.error, reference.error);
      if (same) continue;
      ADD_FAILURE() << "seed " << first + i << " step " << step << "\n"
                    << test << "\nours:      " << data::to_json(own.object)
                    << "\nreference: " << data::to_json(reference.object) << "\nours:\n"
                    << joined(own.managers) << own.error << "\n"
                    << joined(own.causes) << "reference:\n"
                    << joined(reference.managers) << reference.error << "\n"
                    << joined(reference.causes);
      ++failures;
      break;
    }
    if (failures >= 5) break;
  }
  fmt::print("{} cases of {} operations: {} conflicts, {} other errors, {} differences\n", ours.size(), kOperations,
             conflicts, errors, failures);
}

}  // namespace
}  // namespace slipway::real
