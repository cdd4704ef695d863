#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "plane/load.h"

namespace slipway::bench {

// One of the two sides: its processes and how to reach it.
class Server {
 public:
  virtual ~Server() = default;
  virtual std::string name() const = 0;
  // Starts on what the folder holds; returns once it answers /readyz, with the seconds from the first exec to the first
  // answer of `probe` ("" = /readyz).
  base::Result<double> start(const std::string& probe = "");
  virtual void stop() = 0;
  virtual std::vector<std::pair<std::string, double>> resident() const = 0;  // MiB by program
  double resident_total() const;
  virtual double processor_seconds() const = 0;  // of all its processes so far
  const Endpoint& endpoint() const { return endpoint_; }

 protected:
  virtual base::Status launch() = 0;
  virtual bool is_running() const = 0;
  Endpoint endpoint_;
};

std::unique_ptr<Server> make_slipwayd(const std::filesystem::path& program, const std::filesystem::path& folder);
std::unique_ptr<Server> make_kubernetes(const std::filesystem::path& programs, const std::filesystem::path& folder);

}  // namespace slipway::bench
