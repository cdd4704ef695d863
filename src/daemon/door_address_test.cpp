#include "daemon/door_address.h"

#include <array>
#include <gmock/gmock.h>

namespace slipway::daemon {
namespace {

TEST(DoorAddress, Parse) {
  const struct {
    const char* text;
    const char* host;
    int port;  // -1 = refused
  } cases[] = {{"127.0.0.1:6440", "127.0.0.1", 6440},
               {"[::1]:0", "::1", 0},
               {"edge.example:1", "edge.example", 1},
               {":1", "", -1},
               {"x", "", -1},
               {"x:", "", -1},
               {"x:70000", "", -1},
               {"x:1x", "", -1}};
  for (const auto& [text, host, port] : cases) {
    const auto address = parse_listen_address(text);
    ASSERT_EQ(address.has_value(), port >= 0) << text;
    if (!address) continue;
    EXPECT_EQ(address->host, host);
    EXPECT_EQ(address->port, port);
  }
}

TEST(DoorAddress, Names) {
  const std::vector<std::string> advertise{"first.example", "second.example"};
  EXPECT_EQ(reachable_host({"0.0.0.0", 1}, advertise), "first.example");
  EXPECT_EQ(reachable_host({"0.0.0.0", 1}, {}), "127.0.0.1");
  EXPECT_EQ(reachable_host({"127.0.0.1", 1}, advertise), "127.0.0.1") << "loopback has no other name";
  EXPECT_EQ(local_host({"::", 1}), "::1");
  EXPECT_EQ(host_and_port("::1", 2), "[::1]:2");
  const auto names = serving_names(std::array{ListenAddress{"0.0.0.0", 1}, ListenAddress{"10.0.0.1", 2}}, advertise);
  EXPECT_THAT(names, testing::IsSupersetOf({"localhost", "127.0.0.1", "10.0.0.1", "first.example", "second.example"}));
  EXPECT_THAT(names, testing::Not(testing::Contains("0.0.0.0")));
}

}  // namespace
}  // namespace slipway::daemon
