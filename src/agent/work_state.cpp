#include "agent/work_state.h"

#include <fmt/core.h>

#include "base/files.h"
#include "data/json_text.h"

namespace slipway::agent {

using base::ErrorCode;
using base::Result;
using base::Status;
using data::Json;

namespace {

constexpr int kFormat = 1;

Json to_json(const WorkState& state) {
  Json created = Json::array(), replaced = Json::array();
  for (const std::string& path : state.created) created.append(path);
  for (const ReplacedFile& file : state.replaced)
    replaced.append(Json::object({{"path", file.path}, {"backup", file.backup}}));
  return Json::object({{"format", kFormat},
                       {"id", state.id},
                       {"phase", agentproto::work_phase_text(state.phase)},
                       {"scriptHash", state.script_hash},
                       {"stepsDone", state.steps_done},
                       {"stepStarted", state.step_started},
                       {"interruptions", state.interruptions},
                       {"session", state.session},
                       {"step", state.step},
                       {"message", agentproto::bounded_text(state.message, agentproto::kMaxTextBytes)},
                       {"output", agentproto::bounded_text(state.output, agentproto::kMaxOutputBytes)},
                       {"startedAt", state.started_at},
                       {"finishedAt", state.finished_at},
                       {"created", std::move(created)},
                       {"replaced", std::move(replaced)}});
}

WorkState from_json(const Json& json, WorkPhase phase) {
  WorkState state;
  state.id = json.text({"id"});
  state.phase = phase;
  state.script_hash = json.text({"scriptHash"});
  state.steps_done = static_cast<int>(json["stepsDone"].integer_or(0));
  state.step_started = json["stepStarted"].bool_or(false);
  state.interruptions = static_cast<int>(json["interruptions"].integer_or(0));
  state.session = static_cast<int>(json["session"].integer_or(0));
  state.step = json.text({"step"});
  state.message = json.text({"message"});
  state.output = json.text({"output"});
  state.started_at = json.text({"startedAt"});
  state.finished_at = json.text({"finishedAt"});
  for (const Json& path : json["created"].items()) state.created.push_back(path.string_or_empty());
  for (const Json& file : json["replaced"].items())
    state.replaced.push_back({file.text({"path"}), file.text({"backup"})});
  return state;
}

WorkState unreadable(std::string reason) {
  WorkState state;
  state.phase = WorkPhase::kFailed;
  state.step = "read the agent's state";
  state.message = std::move(reason) + "; delete the cluster of this host to have the host cleaned";
  return state;
}

}  // namespace

WorkReport WorkState::report() const {
  return {.id = id,
          .phase = phase,
          .step = step,
          .message = message,
          .output = output,
          .started_at = started_at,
          .finished_at = finished_at};
}

Result<WorkState> WorkStateFile::load() const {
  const Result<std::string> text = base::read_file(path_, 16u << 20);
  if (!text && text.error().code() == ErrorCode::kNotFound) return WorkState{};
  if (!text) return text.error().with_context("the agent's state cannot be read");
  const Result<Json> json = data::parse_json(*text);
  if (!json) return unreadable(fmt::format("{} is damaged: {}", path_.string(), json.error().message()));
  const auto phase = agentproto::parse_work_phase(json->text({"phase"}));
  if (!phase || (*json)["format"].integer_or(0) != kFormat)
    return unreadable(fmt::format("{} was written by another version of the agent", path_.string()));
  return from_json(*json, *phase);
}

Status WorkStateFile::save(const WorkState& state) const {
  return base::write_file_atomically(path_, data::to_json(to_json(state), 2) + "\n", 0600)
      .with_context("the agent's state cannot be saved");
}

}  // namespace slipway::agent
