#pragma once

#include "agent/work_environment.h"
#include "agent/work_state.h"
#include "cloudinit/document.h"

namespace slipway::agent {

// Writes the files of a bootstrap so that a reset can take them back. First plan() notes in the state what will be new
// and keeps copies of what will be replaced; the caller saves the state; then write() changes the host. Both may be
// repeated after a crash.
class FileWriter {
 public:
  explicit FileWriter(const WorkEnvironment& environment) : environment_(environment) {}

  base::Status plan(const std::vector<cloudinit::WriteFile>& files, WorkState& state) const;
  base::Status write(const cloudinit::WriteFile& file) const;

  // Undoes everything that the state lists, newest first. Nothing left to undo is success.
  base::Status take_back(const WorkState& state) const;

 private:
  base::Status plan_one(const std::string& path, WorkState& state) const;
  std::filesystem::path backup(const std::string& name) const { return environment_.data_folder / "replaced" / name; }

  const WorkEnvironment& environment_;
};

}  // namespace slipway::agent
