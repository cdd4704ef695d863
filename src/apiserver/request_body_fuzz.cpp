// Whatever bytes come as a request body, in whatever claimed type, are read or refused.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "apiserver/protobuf_body.h"
#include "apiserver/request_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  if (size == 0) return 0;
  constexpr std::string_view kTypes[] = {"application/json", "application/yaml", "application/vnd.kubernetes.protobuf",
                                         ""};
  net::HttpRequest request;
  request.headers.emplace_back("content-type", kTypes[data[0] % 4]);
  request.body.assign(reinterpret_cast<const char*>(data + 1), size - 1);
  (void)apiserver::read_body(request, "Secret");
  (void)apiserver::read_protobuf(std::string("k8s\0", 4) + request.body);
  return 0;
}
