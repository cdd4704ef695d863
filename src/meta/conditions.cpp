#include "meta/conditions.h"

#include <algorithm>
#include <fmt/core.h>

#include "meta/object.h"

namespace slipway::meta {

using data::Json;

std::string_view condition_status_text(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::kTrue:
      return "True";
    case ConditionStatus::kFalse:
      return "False";
    case ConditionStatus::kUnknown:
      return "Unknown";
  }
  return "Unknown";
}

bool set_condition(Json& object, const Condition& condition, base::WallTime now) {
  const std::int64_t observed = generation(object);
  const std::string_view status = condition_status_text(condition.status);
  Json entry = Json::object({{"type", condition.type},
                             {"status", status},
                             {"reason", condition.reason},
                             {"message", condition.message},
                             {"lastTransitionTime", base::format_rfc3339(now)}});
  if (observed > 0) entry.set("observedGeneration", observed);
  auto& all = object.at({"status", "conditions"}).mutable_items();
  for (Json& item : all) {
    if (item.text({"type"}) != condition.type) continue;
    if (item.text({"status"}) == status) entry.set("lastTransitionTime", item["lastTransitionTime"]);
    if (item == entry) return false;
    item = std::move(entry);
    return true;
  }
  all.push_back(std::move(entry));
  return true;
}

const Json& find_condition(const Json& object, std::string_view type) {
  static const Json none;
  for (const Json& item : object.get({"status", "conditions"}).items())
    if (item.text({"type"}) == type) return item;
  return none;
}

bool is_condition_true(const Json& object, std::string_view type) {
  return find_condition(object, type).text({"status"}) == "True";
}

bool is_condition_false(const Json& object, std::string_view type) {
  return find_condition(object, type).text({"status"}) == "False";
}

std::string indent_lines(std::string_view message) {
  if (message.find('\n') == std::string_view::npos && !message.starts_with("* ")) return " " + std::string(message);
  std::string result = "\n  ";
  for (const char character : message) {
    result += character;
    if (character == '\n') result += "  ";
  }
  return result;
}

Condition summarize_conditions(const Json& object, std::string_view target, const std::vector<SummaryInput>& inputs) {
  std::string issues, unknowns, information;
  for (const SummaryInput& input : inputs) {
    const Json& source = find_condition(object, input.type);
    if (source.is_null()) {
      if (!input.ignore_if_missing)
        unknowns += fmt::format("* {}: Condition {} not yet reported\n", input.type, input.type);
      continue;
    }
    const std::string& message = source.text({"message"});
    const std::string line =
        fmt::format("* {}:{}\n", input.type, indent_lines(message.empty() ? source.text({"reason"}) : message));
    const std::string& status = source.text({"status"});
    const std::string_view good = input.negative_polarity ? "False" : "True";
    if (status == "Unknown" || status.empty()) {
      unknowns += line;
    } else if (status != good) {
      issues += line;
    } else if (!message.empty()) {
      information += line;
    }
  }
  Condition summary{
      .type = std::string(target), .status = ConditionStatus::kTrue, .reason = "InfoReported", .message = information};
  if (!issues.empty() || !unknowns.empty()) {
    summary.status = issues.empty() ? ConditionStatus::kUnknown : ConditionStatus::kFalse;
    summary.reason = issues.empty() ? "UnknownReported" : "IssuesReported";
    summary.message = issues + unknowns;
  }
  if (summary.message.ends_with('\n')) summary.message.pop_back();
  return summary;
}

}  // namespace slipway::meta
