#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "data/json.h"

// metav1.Condition lists in status.conditions, in the way Cluster API v1beta2 reports them: every condition is present
// from the first pass, lastTransitionTime moves only when the status changes, the order is stable.
namespace slipway::meta {

enum class ConditionStatus { kTrue, kFalse, kUnknown };
std::string_view condition_status_text(ConditionStatus status);  // "True", "False", "Unknown"

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::kUnknown;
  std::string reason;   // CamelCase, required
  std::string message;  // for people; may be empty
};

// Sets one condition below object.status.conditions; keeps lastTransitionTime while the status is unchanged and takes
// observedGeneration from the object. True when anything changed.
bool set_condition(data::Json& object, const Condition& condition, base::WallTime now);

// The condition entry, or null Json.
const data::Json& find_condition(const data::Json& object, std::string_view type);
bool is_condition_true(const data::Json& object, std::string_view type);
bool is_condition_false(const data::Json& object, std::string_view type);

// A message behind "* <Type>:" in a list: on the same line, or, when it is a list itself, below it and moved in.
std::string indent_lines(std::string_view message);

// How one source condition enters a summary.
struct SummaryInput {
  std::string type;
  bool negative_polarity = false;  // True is the bad status ("Deleting")
  bool ignore_if_missing = false;
};
// Cluster API's summary rule (reference: core conditions, "Summary"): any issue -> False, else any unknown -> Unknown,
// else True; message lists issues and unknowns as bullets, or the information lines when there is nothing else.
// `target` names the resulting condition; reasons IssuesReported, UnknownReported, InfoReported.
Condition summarize_conditions(const data::Json& object, std::string_view target,
                               const std::vector<SummaryInput>& inputs);

}  // namespace slipway::meta
