// Paths, Accept headers and column paths of any shape are read or refused.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "apiserver/json_path.h"
#include "apiserver/negotiation.h"
#include "apiserver/request_path.h"
#include "data/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)apiserver::parse_request_path(text);
  (void)apiserver::negotiate(text, size % 2 == 0);
  const data::Json object = data::Json::object({{"a", data::Json::array({1, "b", data::Json::object({{"c", "d"}})})}});
  if (const auto path = apiserver::JsonPath::compile(text)) (void)path->find(object);
  return 0;
}
