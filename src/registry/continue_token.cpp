#include "registry/continue_token.h"

#include <algorithm>

#include "data/encoding.h"
#include "data/json_text.h"

namespace slipway::registry {

using data::Json;

namespace {
constexpr std::size_t kLongestToken = 4096;
constexpr store::Revision kNewestRevision = -1;
constexpr std::string_view kTokenVersion = "meta.k8s.io/v1";
}  // namespace

std::string ContinueToken::encode() const {
  std::string text =
      data::base64_encode(data::to_json(Json::object({{"v", kTokenVersion}, {"rv", revision}, {"start", start}})));
  while (text.ends_with('=')) text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

base::Result<ContinueToken> ContinueToken::decode(std::string_view text) {
  const auto bad = [] { return base::fail(base::ErrorCode::kBadRequest, "continue key is not valid"); };
  if (text.size() > kLongestToken) return bad();
  std::string standard(text);
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  while (standard.size() % 4 != 0) standard += '=';
  const auto bytes = data::base64_decode(standard);
  if (!bytes) return bad();
  const auto json = data::parse_json(*bytes);
  if (!json || json->text({"v"}) != kTokenVersion) return bad();
  ContinueToken token{(*json)["rv"].integer_or(0), json->text({"start"})};
  if (token.revision < kNewestRevision || token.revision == 0 || token.start.empty()) return bad();
  return token;
}

}  // namespace slipway::registry
