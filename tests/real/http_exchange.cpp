#include "real/http_exchange.h"

#include <algorithm>
#include <cctype>
#include <curl/curl.h>
#include <fmt/core.h>

namespace slipway::real {

namespace {

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* into) {
  static_cast<HttpExchangeAnswer*>(into)->body.append(data, size * count);
  return size * count;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* into) {
  std::string line(data, size * count);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  if (const auto colon = line.find(": "); colon != std::string::npos) {
    std::string name = line.substr(0, colon);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    static_cast<HttpExchangeAnswer*>(into)->headers.emplace_back(std::move(name), line.substr(colon + 2));
  }
  return size * count;
}

curl_blob blob_of(const std::string& text) {
  return {.data = const_cast<char*>(text.data()), .len = text.size(), .flags = CURL_BLOB_COPY};
}

}  // namespace

// A connection keeps its certificate: those without one are on a handle of their own.
struct HttpExchange::Handles {
  CURL* known = ::curl_easy_init();
  CURL* anonymous = ::curl_easy_init();
  ~Handles() {
    ::curl_easy_cleanup(known);
    ::curl_easy_cleanup(anonymous);
  }
};

HttpExchange::HttpExchange(pki::Kubeconfig config)
    : config_(std::move(config)), handles_(std::make_unique<Handles>()) {}

HttpExchange::~HttpExchange() = default;

base::Result<HttpExchangeAnswer> HttpExchange::send(const HttpExchangeRequest& request) {
  CURL* const curl = request.anonymous ? handles_->anonymous : handles_->known;
  ::curl_easy_reset(curl);
  HttpExchangeAnswer answer;
  const std::string url = config_.server + request.path;
  // curl's own Accept, Content-Type and Expect are taken away; later lines of the same name count.
  curl_slist* lines = nullptr;
  for (const char* line : {"Accept:", "Content-Type:", "Expect:"}) {
    const std::string_view name(line);
    const bool given = std::ranges::any_of(request.headers, [&](const auto& own) { return own.starts_with(name); });
    if (!given) lines = ::curl_slist_append(lines, line);
  }
  for (const std::string& line : request.headers) lines = ::curl_slist_append(lines, line.c_str());
  ::curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  ::curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  ::curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  ::curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
    ::curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    ::curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  }
  ::curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
  ::curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
  ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  ::curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  ::curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  ::curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  const curl_blob authority = blob_of(config_.ca_pem);
  const curl_blob certificate = blob_of(config_.client_certificate_pem);
  const curl_blob key = blob_of(config_.client_key_pem);
  ::curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &authority);
  if (!request.anonymous) {
    ::curl_easy_setopt(curl, CURLOPT_SSLCERT_BLOB, &certificate);
    ::curl_easy_setopt(curl, CURLOPT_SSLKEY_BLOB, &key);
  }
  const CURLcode code = ::curl_easy_perform(curl);
  long status = 0;
  ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  ::curl_slist_free_all(lines);
  if (code != CURLE_OK)
    return base::fail(base::ErrorCode::kUnavailable,
                      fmt::format("{} {}: {}", request.method, request.path, ::curl_easy_strerror(code)));
  answer.status = static_cast<int>(status);
  return answer;
}

}  // namespace slipway::real
