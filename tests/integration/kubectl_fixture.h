#pragma once

#include <gmock/gmock.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/api_door.h"

// What the tests with a real kubectl share: an API door with the kind Widget, and a kubectl that talks to it.
namespace slipway::integration {

extern const std::string_view kWidgetCrd;
// The YAML of a Widget.
std::string widget(std::string_view name, int size);

// Every kubectl that is there: the one on PATH (or named by KUBECTL) and the one built beside k3s-standin.
class KubectlTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;
  std::string run(std::vector<std::string> arguments, const std::string& input = "");
  std::string fail(std::vector<std::string> arguments, const std::string& input = "");

  // Kinds beside Widget.
  virtual std::vector<std::string> more_crds() const { return {}; }

  std::string program;
  std::unique_ptr<ApiDoor> door;
};

#define SLIPWAY_WITH_EVERY_KUBECTL(suite)                                          \
  INSTANTIATE_TEST_SUITE_P(Programs, suite, testing::Values("installed", "built"), \
                           [](const auto& program) { return program.param; })

}  // namespace slipway::integration
