#include "data/gzip.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace slipway::data {
namespace {

using base::ErrorCode;

TEST(Gzip, GivesBackWhatWasPacked) {
  const bool held = rc::check([](const std::string& text) {
    const auto plain = gzip_decompress(gzip_compress(text, 1), 1u << 20);
    RC_ASSERT(plain.has_value());
    RC_ASSERT(*plain == text);
  });
  EXPECT_TRUE(held);
  const std::string large(300'000, 'x');
  const std::string packed = gzip_compress(large, 9);
  EXPECT_LT(packed.size(), 1000u);
  EXPECT_EQ(*gzip_decompress(packed, large.size()), large);
}

TEST(Gzip, RefusesWhatIsNoCompleteStreamOrTooMuch) {
  const std::string packed = gzip_compress(std::string(1000, 'x'), 9);
  for (std::size_t length = 0; length < packed.size(); ++length)
    EXPECT_EQ(gzip_decompress(packed.substr(0, length), 1000).error().code(), ErrorCode::kInvalid) << length;
  EXPECT_EQ(gzip_decompress(packed + "x", 1000).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(gzip_decompress("plain text", 1000).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(gzip_decompress(packed, 999).error().code(), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace slipway::data
