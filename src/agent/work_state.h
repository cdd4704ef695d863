#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "agentproto/messages.h"
#include "base/result.h"

namespace slipway::agent {

using agentproto::WorkPhase;
using agentproto::WorkReport;

// A file that a bootstrap replaced, and where its old content is kept.
struct ReplacedFile {
  std::string path;    // as the host calls it
  std::string backup;  // name in the backup folder
  bool operator==(const ReplacedFile&) const = default;
};

// Everything the agent must know about its work after kill -9 or a power cut. It is on disk (fsynced) before the effect
// that it announces, and again after the effect:
//   Clean -> Running -> Succeeded | Failed -> Resetting -> Clean
// `steps_done` steps are over and never run again. `step_started` says that the next one was begun: after a restart it
// may have run half. Holds no secret.
struct WorkState {
  std::string id;
  WorkPhase phase = WorkPhase::kClean;
  std::string script_hash;  // of the cloud-config that the step numbers are about
  int steps_done = 0;
  bool step_started = false;
  int interruptions = 0;  // of the present step
  int session = 0;        // kernel session of the agent that began the step
  std::string step;
  std::string message;
  std::string output;
  std::string started_at;
  std::string finished_at;
  std::vector<std::string> created;  // paths that were not there before the bootstrap, parents first
  std::vector<ReplacedFile> replaced;
  bool operator==(const WorkState&) const = default;

  WorkReport report() const;
};

// state.json. Not thread-safe: one owner.
class WorkStateFile {
 public:
  explicit WorkStateFile(std::filesystem::path path) : path_(std::move(path)) {}
  // No file yet is a clean state. A file that cannot be understood is a state of phase Failed that says so: the host
  // may hold anything and wants a reset.
  base::Result<WorkState> load() const;
  base::Status save(const WorkState& state) const;

 private:
  std::filesystem::path path_;
};

}  // namespace slipway::agent
