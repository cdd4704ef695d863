#include "kube/webhook_caller.h"

#include <gtest/gtest.h>

namespace slipway::kube {
namespace {

TEST(WebhookCaller, SaysWhyThereIsNoAnswer) {
  registry::ConversionWebhook webhook;
  webhook.url = "http://127.0.0.1/convert";
  const auto plain = webhook_caller()(webhook, "{}");
  ASSERT_FALSE(plain);
  EXPECT_NE(plain.error().message().find("only https:// is supported"), std::string::npos);
  // Port 1 is reserved and closed.
  webhook.url = "https://127.0.0.1:1/convert";
  const auto closed = webhook_caller()(webhook, "{}");
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code(), base::ErrorCode::kUnavailable) << closed.error().message();
}

}  // namespace
}  // namespace slipway::kube
