#pragma once

#include <memory>
#include <thread>

#include "base/result.h"
#include "registry/registry.h"

namespace slipway::apiserver {

// Keeps the ServiceAccount `default` in every namespace that is not being deleted, as kube-controller-manager's
// serviceaccount controller does. start() returns when those that are missing are made. The registry must outlive it.
class DefaultServiceAccounts {
 public:
  static base::Result<std::unique_ptr<DefaultServiceAccounts>> start(registry::Registry& registry);
  ~DefaultServiceAccounts() { stop(); }
  // Ends its threads. Idempotent.
  void stop();

 private:
  explicit DefaultServiceAccounts(registry::Registry& registry) : registry_(registry) {}
  base::Status fill();
  base::Status fill(const std::string& ns);
  void run(const std::stop_token& stop, std::string_view prefix);
  base::Status follow(const std::stop_token& stop, std::string_view prefix);

  registry::Registry& registry_;
  std::jthread namespaces_, accounts_;
};

}  // namespace slipway::apiserver
