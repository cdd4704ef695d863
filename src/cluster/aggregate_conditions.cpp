#include "cluster/aggregate_conditions.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>

namespace slipway::cluster {

using meta::Condition;
using meta::ConditionStatus;

namespace {

constexpr std::size_t kMaxGroups = 3;
constexpr std::size_t kMaxNames = 3;

struct Group {
  bool issue = false;
  std::string message;
  std::vector<std::string> names;
};

ConditionStatus parse_status(const std::string& text) {
  if (text == "True") return ConditionStatus::kTrue;
  return text == "False" ? ConditionStatus::kFalse : ConditionStatus::kUnknown;
}

std::string line(Group& group, const std::string& kind) {
  std::ranges::sort(group.names);
  std::string names;
  for (std::size_t i = 0; i < std::min(group.names.size(), kMaxNames); ++i)
    names += (i == 0 ? "" : ", ") + group.names[i];
  if (group.names.size() > kMaxNames) names += fmt::format(", ... ({} more)", group.names.size() - kMaxNames);
  return fmt::format("* {}{} {}:{}", kind, group.names.size() > 1 ? "s" : "", names, meta::indent_lines(group.message));
}

}  // namespace

ConditionStatus status_of(bool value) {
  return value ? ConditionStatus::kTrue : ConditionStatus::kFalse;
}

Condition aggregate_conditions(const std::vector<ObjectPtr>& objects, std::string_view source, std::string_view target,
                               const AggregateReasons& reasons) {
  std::map<std::pair<bool, std::string>, Group> by_message;
  std::string kind;
  for (const ObjectPtr& object : objects) {
    kind = object->text({"kind"});
    const Json& condition = meta::find_condition(*object, source);
    const ConditionStatus status = parse_status(condition.text({"status"}));
    if (status == ConditionStatus::kTrue) continue;
    std::string message =
        condition.is_null() ? fmt::format("Condition {} not yet reported", source) : condition.text({"message"});
    if (message.empty()) message = condition.text({"reason"});
    const bool issue = status == ConditionStatus::kFalse;
    Group& group = by_message[{issue, message}];
    group.issue = issue;
    group.message = message;
    group.names.push_back(meta::name(*object));
  }
  Condition result{.type = std::string(target),
                   .status = ConditionStatus::kTrue,
                   .reason = std::string(reasons.good),
                   .message = ""};
  if (by_message.empty()) return result;
  std::vector<Group> groups;
  for (auto& [key, group] : by_message) groups.push_back(std::move(group));
  std::ranges::sort(groups, [](const Group& left, const Group& right) {
    if (left.issue != right.issue) return left.issue;
    if (left.names.size() != right.names.size()) return left.names.size() > right.names.size();
    return left.message < right.message;
  });
  result.status = groups.front().issue ? ConditionStatus::kFalse : ConditionStatus::kUnknown;
  result.reason = groups.front().issue ? reasons.bad : reasons.unknown;
  for (std::size_t i = 0; i < std::min(groups.size(), kMaxGroups); ++i)
    result.message += (i == 0 ? "" : "\n") + line(groups[i], kind);
  std::size_t others = 0;
  for (std::size_t i = kMaxGroups; i < groups.size(); ++i) others += groups[i].names.size();
  if (others > 0) result.message += fmt::format("\nAnd {} {}{} with other issues", others, kind, others > 1 ? "s" : "");
  return result;
}

Condition mirror_condition(const Json& object, std::string_view source, std::string_view target, Condition fallback) {
  fallback.type = target;
  const Json& condition = meta::find_condition(object, source);
  if (condition.is_null()) return fallback;
  return {.type = std::string(target),
          .status = parse_status(condition.text({"status"})),
          .reason = condition["reason"].string_or("NoReasonReported"),
          .message = condition.text({"message"})};
}

}  // namespace slipway::cluster
