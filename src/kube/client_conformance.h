#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>

#include "kube/client.h"

// One suite for every kube::Client. A test executable includes client_conformance_suite.h in exactly one source file
// and names its implementations:
//   INSTANTIATE_TEST_SUITE_P(Local, ClientConformance, testing::Values(ConformanceTarget{"local", make_local}));
namespace slipway::kube {

// An API server, fresh for each test, that serves the kinds of registry/test_registry.h, and a client of it.
class ConformanceServer {
 public:
  virtual ~ConformanceServer() = default;
  virtual Client& client() = 0;
};

struct ConformanceTarget {
  std::string name;
  std::function<std::unique_ptr<ConformanceServer>()> start;
  std::function<std::optional<std::string>()> missing = {};  // why it cannot be tested here, or nothing
  friend void PrintTo(const ConformanceTarget& target, std::ostream* out) { *out << target.name; }
};

class ClientConformance : public testing::TestWithParam<ConformanceTarget> {
 protected:
  void SetUp() override {
    if (const auto why = GetParam().missing ? GetParam().missing() : std::nullopt) GTEST_SKIP() << *why;
    server_ = GetParam().start();
    ASSERT_NE(server_, nullptr);
  }
  Client& client() { return server_->client(); }

 private:
  std::unique_ptr<ConformanceServer> server_;
};

}  // namespace slipway::kube
