#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "pki/kubeconfig.h"

// One HTTPS request as it is written, whatever an API server may think of it; kube::RawClient sends proper ones only.
namespace slipway::real {

struct HttpExchangeRequest {
  std::string method, path, body;
  std::vector<std::string> headers;  // "Name: value"; none is added but those of HTTP/1.1
  bool anonymous = false;            // without the client certificate
};

struct HttpExchangeAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
};

// As the client of a kubeconfig, over connections that are kept. One thread.
class HttpExchange {
 public:
  explicit HttpExchange(pki::Kubeconfig config);
  ~HttpExchange();
  // kUnavailable when there was no answer within 30 s. A watch is read until the server ends it.
  base::Result<HttpExchangeAnswer> send(const HttpExchangeRequest& request);

 private:
  struct Handles;
  const pki::Kubeconfig config_;
  const std::unique_ptr<Handles> handles_;
};

}  // namespace slipway::real
