#include "southbound/host_report.h"

#include <fmt/core.h>

#include "api/inventory/inventory.h"
#include "meta/conditions.h"
#include "meta/object.h"

namespace slipway::southbound {

using agentproto::Hello;
using agentproto::WorkPhase;
using agentproto::WorkReport;
using meta::ConditionStatus;
namespace condition = api::inventory::condition;

namespace {

void set_text(Json& object, std::string_view key, const std::string& value) {
  if (value.empty()) {
    object.erase(key);
  } else {
    object.set(key, value);
  }
}

void write_system(Json& status, const Hello& hello) {
  Json os = Json::object();
  set_text(os, "name", hello.os.name);
  set_text(os, "version", hello.os.version);
  set_text(os, "imageID", hello.os.image_id);
  set_text(os, "imageVersion", hello.os.image_version);
  set_text(os, "kernel", hello.os.kernel);
  set_text(os, "architecture", hello.os.architecture);
  status.set("os", std::move(os));
  if (hello.kubernetes) {
    Json kubernetes = Json::object({{"embedded", hello.kubernetes->embedded}});
    set_text(kubernetes, "distribution", hello.kubernetes->distribution);
    set_text(kubernetes, "version", hello.kubernetes->version);
    set_text(kubernetes, "implementation", hello.kubernetes->implementation);
    status.set("kubernetes", std::move(kubernetes));
  } else {
    status.erase("kubernetes");
  }
  Json addresses = Json::array();
  for (const auto& address : hello.addresses)
    addresses.append(Json::object({{"type", address.type}, {"address", address.address}}));
  status.set("addresses", std::move(addresses));
  status.at("agent").set("version", hello.agent_version);
}

void write_work(Json& host, const WorkReport& work, base::WallTime now) {
  Json& assignment = host.at({"status", "assignment"});
  set_text(assignment, "id", work.id);
  assignment.set("phase", agentproto::work_phase_text(work.phase));
  // The limits of the Host schema.
  set_text(assignment, "step", agentproto::bounded_text(work.step, 256));
  set_text(assignment, "message",
           // Cut before joining: of a flood the end is kept, and always the message.
           work.output.empty() ? work.message : work.message + "\n" + agentproto::bounded_text(work.output, 4000));
  set_text(assignment, "startedAt", work.started_at);
  set_text(assignment, "finishedAt", work.finished_at);
  const bool clean = work.phase == WorkPhase::kClean;
  const std::string message = clean                                 ? ""
                              : work.phase == WorkPhase::kResetting ? fmt::format("is being cleaned: {}", work.step)
                                                                    : "holds a cluster or parts of one";
  meta::set_condition(host,
                      {std::string(condition::kClean), clean ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                       clean                                 ? "Clean"
                       : work.phase == WorkPhase::kResetting ? "Resetting"
                                                             : "HoldsCluster",
                       message},
                      now);
}

void touch_last_seen(Json& status, base::WallTime now) {
  const auto before = base::parse_rfc3339(status.get({"agent"}).text({"lastSeenTime"}));
  if (!before || now - *before >= std::chrono::seconds(30))
    status.at("agent").set("lastSeenTime", base::format_rfc3339(now));
}

}  // namespace

Json with_report(Json host, const HostReport& report, base::WallTime now) {
  host.at("status").mutable_members();
  if (report.connected && report.hello) {
    write_system(host.at("status"), *report.hello);
    write_work(host, report.hello->work, now);
    touch_last_seen(host.at("status"), now);
  }
  const bool was_connected = meta::is_condition_true(host, condition::kConnected);
  if (report.connected) {
    meta::set_condition(host, {std::string(condition::kConnected), ConditionStatus::kTrue, "Connected", ""}, now);
  } else if (was_connected) {
    meta::set_condition(host,
                        {std::string(condition::kConnected), ConditionStatus::kFalse, "Disconnected",
                         "its agent is not connected; work waits until it is"},
                        now);
  }
  return host;
}

Json with_pending_assignment(Json host, const agentproto::Assignment& assignment, base::WallTime now) {
  if (host.text({"status", "assignment", "id"}) == assignment.id &&
      host.text({"status", "assignment", "phase"}) != "Clean")
    return host;
  host.at("status").set("assignment", Json::object({{"id", assignment.id},
                                                    {"machine", host.text({"spec", "consumerRef", "name"})},
                                                    {"phase", agentproto::work_phase_text(WorkPhase::kPending)}}));
  meta::set_condition(
      host, {std::string(condition::kClean), ConditionStatus::kFalse, "HoldsCluster", "a cluster is being made on it"},
      now);
  return host;
}

}  // namespace slipway::southbound
