#include "apiserver/request_flow.h"

#include <set>

#include "apiserver/test_door.h"

namespace slipway::apiserver {
namespace {

TEST(RequestFlow, ClassesKeepKindsOfUsersApart) {
  const auto of = [](const UserInfo& user, RequestHeaders headers = {}) {
    return flow_of(test_request(user, "GET", "/api", "", std::move(headers)));
  };
  const auto admin = of({.name = "admin", .uid = "", .groups = {"system:masters"}, .extra = {}});
  const auto jane = of({.name = "jane", .uid = "", .groups = {}, .extra = {}});
  const auto joe = of({.name = "joe", .uid = "", .groups = {}, .extra = {}});
  const auto token = of({}, {{"authorization", "Bearer one"}});
  const auto other_token = of({}, {{"authorization", "Bearer two"}});
  const auto nobody = of({});
  EXPECT_EQ((std::set{admin.flow_class, jane.flow_class, token.flow_class, nobody.flow_class}).size(), 4u);
  EXPECT_EQ(jane.flow_class, joe.flow_class);
  EXPECT_NE(jane.user, joe.user);
  EXPECT_NE(token.user, other_token.user);
  EXPECT_EQ(token.user.find("one"), std::string::npos) << "a token is never a name";
}

TEST(RequestFlow, RefusalsAreStatusObjects) {
  const net::HttpResponse busy = refusal(429, "later");
  EXPECT_EQ(busy.status, 429);
  EXPECT_THAT(busy.headers, testing::Contains(std::pair<std::string, std::string>("retry-after", "1")));
  const Json status = json(busy.body);
  EXPECT_EQ(status.text({"kind"}), "Status");
  EXPECT_EQ(status.text({"reason"}), "TooManyRequests");
  EXPECT_EQ(status.text({"message"}), "later");
  EXPECT_EQ(status.get({"details", "retryAfterSeconds"}), Json(1));
  EXPECT_EQ(json(refusal(413, "x").body).text({"reason"}), "RequestEntityTooLarge");
  EXPECT_EQ(json(refusal(431, "x").body)["code"], Json(431));
}

}  // namespace
}  // namespace slipway::apiserver
