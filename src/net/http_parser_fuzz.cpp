#include <cstdint>

#include "net/http_parser.h"

using namespace slipway::net;

// Any bytes in any split, as requests and as responses: no crash, limits hold.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t step = data[0] % 64 + 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const HttpLimits limits{.max_header_bytes = 512, .max_body_bytes = 256};
  HttpRequestParser requests(limits);
  HttpResponseParser responses(limits);
  bool request_ok = true;
  bool response_ok = true;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    requests.feed(bytes.substr(at, step));
    while (request_ok) {
      HttpRequest request;
      const auto progress = requests.next(request);
      request_ok = progress.has_value();
      if (!request_ok || *progress != HttpProgress::kDone) break;
      if (request.body.size() > limits.max_body_bytes) __builtin_trap();
      if (request.path.empty() || request.path[0] != '/') __builtin_trap();
    }
    responses.feed(bytes.substr(at, step));
    while (response_ok) {
      HttpResponse response;
      const auto progress = responses.next(response);
      response_ok = progress.has_value();
      if (!response_ok || *progress != HttpProgress::kDone) break;
      if (response.body.size() > limits.max_body_bytes) __builtin_trap();
    }
  }
  HttpResponse response;
  if (response_ok) (void)responses.end(response).has_value();
  return 0;
}
