#include "kube/curl_transport.h"

#include <atomic>
#include <curl/curl.h>
#include <fmt/core.h>
#include <mutex>
#include <optional>

#include "kube/server_address.h"

namespace slipway::kube {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

// CURL and CURLM are both void to this version's headers: one deleter each.
struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct MultiDeleter {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;
using MultiHandle = std::unique_ptr<CURLM, MultiDeleter>;
using StringList = std::unique_ptr<curl_slist, ListDeleter>;

constexpr std::size_t kIdleHandles = 8;

void append(StringList& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return;
  (void)list.release();
  list.reset(longer);
}

// Everything a handle needs to reach the server; shared by all requests, never changed.
struct Target {
  pki::Kubeconfig config;
  RawClientOptions options;
  ServerAddress server;
  std::string base_url;
  StringList connect_to;

  // The pointers given to curl (blobs, list) live in this object and in `identity`.
  void apply(CURL* handle, const ClientIdentity& identity) const {
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
    // A watch whose server is gone without a word ends after about two minutes.
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPIDLE, 30L);
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPINTVL, 10L);
    if (!config.proxy_url.empty())
      curl_easy_setopt(handle, CURLOPT_PROXY, config.proxy_url.c_str());
    else if (server.is_loopback())
      curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
    if (connect_to) curl_easy_setopt(handle, CURLOPT_CONNECT_TO, connect_to.get());
    if (!config.ca_pem.empty()) {
      set_blob(handle, CURLOPT_CAINFO_BLOB, config.ca_pem);
      curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
    }
    if (config.insecure_skip_tls_verify) {
      curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
      curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (!identity.certificate_pem.empty()) {
      set_blob(handle, CURLOPT_SSLCERT_BLOB, identity.certificate_pem);
      set_blob(handle, CURLOPT_SSLKEY_BLOB, identity.key_pem);
      curl_easy_setopt(handle, CURLOPT_SSLCERTTYPE, "PEM");
      curl_easy_setopt(handle, CURLOPT_SSLKEYTYPE, "PEM");
    }
  }

  static void set_blob(CURL* handle, CURLoption option, const std::string& text) {
    curl_blob blob{.data = const_cast<char*>(text.data()), .len = text.size(), .flags = CURL_BLOB_NOCOPY};
    curl_easy_setopt(handle, option, &blob);
  }

  static StringList headers_for(const RawRequest& request, const ClientIdentity& identity) {
    StringList headers;
    append(headers, "Accept: " + request.accept);
    append(headers, "Expect:");
    append(headers, "User-Agent: slipway");
    if (!request.body.empty()) {
      append(headers, "Content-Type: " + (request.content_type.empty() ? "application/json" : request.content_type));
    }
    if (!identity.bearer_token.empty()) append(headers, "Authorization: Bearer " + identity.bearer_token);
    return headers;
  }

  void prepare(CURL* handle, const RawRequest& request, const StringList& headers) const {
    curl_easy_setopt(handle, CURLOPT_URL, (base_url + request.path).c_str());
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    }
  }

  base::Error error_for(CURLcode code, const char* detail) const {
    const std::string text = detail != nullptr && detail[0] != '\0' ? detail : curl_easy_strerror(code);
    const ErrorCode kind = code == CURLE_OPERATION_TIMEDOUT ? ErrorCode::kTimeout : ErrorCode::kUnavailable;
    return fail(kind, fmt::format("{}: {}", config.server, text));
  }
};

struct Body {
  std::string text;
  std::size_t limit = 0;
  bool too_large = false;

  static std::size_t receive(char* data, std::size_t, std::size_t size, void* self) {
    auto& body = *static_cast<Body*>(self);
    if (body.text.size() + size > body.limit) {
      body.too_large = true;
      return 0;
    }
    body.text.append(data, size);
    return size;
  }
};

RawResponse response_of(CURL* handle, std::string body) {
  RawResponse response;
  long status = 0;
  const char* type = nullptr;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type);
  response.status = static_cast<int>(status);
  if (type != nullptr) response.content_type = type;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &retry_after);
  if (retry_after > 0) response.retry_after = std::chrono::seconds(retry_after);
  response.body = std::move(body);
  return response;
}

// A watch on a connection of its own, driven by its reader's calls; no thread.
class CurlStream final : public RawStream {
 public:
  CurlStream(std::shared_ptr<const Target> target, RawRequest request, IdentityPtr identity)
      : target_(std::move(target)),
        request_(std::move(request)),
        identity_(std::move(identity)),
        easy_(curl_easy_init()),
        multi_(curl_multi_init()) {}
  ~CurlStream() override {
    if (multi_ && easy_) curl_multi_remove_handle(multi_.get(), easy_.get());
  }

  // Runs until the head of the answer is there; the whole answer when it is none of 2xx.
  Result<std::optional<RawResponse>> open() {
    if (!easy_ || !multi_) return fail(ErrorCode::kInternal, "cannot make a curl handle");
    target_->apply(easy_.get(), *identity_);
    headers_ = Target::headers_for(request_, *identity_);
    target_->prepare(easy_.get(), request_, headers_);
    curl_easy_setopt(easy_.get(), CURLOPT_ERRORBUFFER, detail_);
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEFUNCTION, &CurlStream::receive);
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy_.get(), CURLOPT_HEADERFUNCTION, &CurlStream::receive_header);
    curl_easy_setopt(easy_.get(), CURLOPT_HEADERDATA, this);
    curl_multi_add_handle(multi_.get(), easy_.get());
    const auto deadline = std::chrono::steady_clock::now() + request_.timeout;
    while (!has_head_ && !ended_) {
      if (std::chrono::steady_clock::now() >= deadline) {
        return fail(ErrorCode::kTimeout, fmt::format("{}: no answer in time", target_->config.server));
      }
      drive(deadline);
    }
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status == 0) return end_error();
    if (status >= 200 && status < 300) return std::optional<RawResponse>();
    while (!ended_ && std::chrono::steady_clock::now() < deadline) {
      drive(deadline);
      if (line_too_long_) break;
      refusal_ += std::exchange(buffer_, {});
      if (refusal_.size() > target_->options.max_line_bytes) break;
    }
    return std::optional(response_of(easy_.get(), refusal_ + buffer_));
  }

  Result<std::vector<std::string>> next(std::chrono::milliseconds timeout) override {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
      if (closed_) return fail(ErrorCode::kCancelled, "the stream was closed");
      std::vector<std::string> lines = take_lines();
      if (!lines.empty()) return lines;
      if (line_too_long_) return fail(ErrorCode::kTooLarge, "a line of the stream is too long");
      if (ended_) return end_error();
      drive(deadline);
      if (std::chrono::steady_clock::now() >= deadline && buffer_.find('\n') == std::string::npos && !ended_ &&
          !closed_) {
        return lines;
      }
    }
  }

  void close() override {
    closed_ = true;
    curl_multi_wakeup(multi_.get());
  }

 private:
  static std::size_t receive(char* data, std::size_t, std::size_t size, void* self) {
    auto& stream = *static_cast<CurlStream*>(self);
    if (stream.buffer_.size() + size > stream.target_->options.max_line_bytes) {
      // Whole lines are taken out before more is read, so this is one line.
      if (stream.buffer_.find('\n') == std::string::npos) {
        stream.line_too_long_ = true;
        return 0;
      }
    }
    stream.buffer_.append(data, size);
    return size;
  }

  static std::size_t receive_header(char* data, std::size_t, std::size_t size, void* self) {
    if (std::string_view(data, size) == "\r\n") {
      auto& stream = *static_cast<CurlStream*>(self);
      long status = 0;
      curl_easy_getinfo(stream.easy_.get(), CURLINFO_RESPONSE_CODE, &status);
      if (status >= 200) stream.has_head_ = true;
    }
    return size;
  }

  void drive(std::chrono::steady_clock::time_point deadline) {
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg == CURLMSG_DONE) {
        ended_ = true;
        result_ = message->data.result;
      }
    }
    if (ended_ || closed_ || line_too_long_ || buffer_.find('\n') != std::string::npos) return;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (wait > 0)
      curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(std::min<std::int64_t>(wait, 60'000)), nullptr);
  }

  std::vector<std::string> take_lines() {
    std::vector<std::string> lines;
    std::size_t start = 0;
    for (std::size_t end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n', start)) {
      if (end > start) lines.push_back(buffer_.substr(start, end - start));
      start = end + 1;
    }
    buffer_.erase(0, start);
    return lines;
  }

  base::Error end_error() const {
    if (result_ == CURLE_OK) return fail(ErrorCode::kUnavailable, "the server ended the stream");
    return target_->error_for(result_, detail_);
  }

  const std::shared_ptr<const Target> target_;
  const RawRequest request_;
  const IdentityPtr identity_;
  StringList headers_;
  char detail_[CURL_ERROR_SIZE] = {};
  std::string buffer_;
  std::string refusal_;  // the body of an answer that is none of 2xx
  bool has_head_ = false;
  bool ended_ = false;
  bool line_too_long_ = false;
  CURLcode result_ = CURLE_OK;
  std::atomic<bool> closed_ = false;
  // The multi handle goes after the easy handle was taken out of it.
  const EasyHandle easy_;
  const MultiHandle multi_;
};

class PooledTransport final : public CurlTransport {
 public:
  explicit PooledTransport(std::shared_ptr<const Target> target) : target_(std::move(target)) {}

  Result<RawResponse> request(const RawRequest& request, const ClientIdentity& identity) override {
    EasyHandle handle = take_handle();
    if (!handle) return fail(ErrorCode::kInternal, "cannot make a curl handle");
    const StringList headers = Target::headers_for(request, identity);
    Body body{.text = {}, .limit = target_->options.max_response_bytes};
    char detail[CURL_ERROR_SIZE] = {};
    target_->apply(handle.get(), identity);
    target_->prepare(handle.get(), request, headers);
    curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &Body::receive);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &body);
    const CURLcode code = curl_easy_perform(handle.get());
    if (body.too_large) {
      return fail(ErrorCode::kTooLarge, fmt::format("{}: the answer is larger than {} bytes", target_->config.server,
                                                    target_->options.max_response_bytes));
    }
    if (code != CURLE_OK) return target_->error_for(code, detail);
    RawResponse response = response_of(handle.get(), std::move(body.text));
    give_back(std::move(handle));
    return response;
  }

  Result<StreamAnswer> open_stream(const RawRequest& request, IdentityPtr identity) override {
    auto stream = std::make_unique<CurlStream>(target_, request, std::move(identity));
    std::optional<RawResponse> refusal = SLIPWAY_TRY(stream->open());
    if (refusal) return StreamAnswer{.stream = nullptr, .refusal = std::move(*refusal)};
    return StreamAnswer{.stream = std::move(stream), .refusal = {}};
  }

 private:
  EasyHandle take_handle() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        EasyHandle handle = std::move(idle_.back());
        idle_.pop_back();
        return handle;
      }
    }
    return EasyHandle(curl_easy_init());
  }

  // reset() forgets the options (and with them our buffers) but keeps the connection.
  void give_back(EasyHandle handle) {
    curl_easy_reset(handle.get());
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleHandles) idle_.push_back(std::move(handle));
  }

  const std::shared_ptr<const Target> target_;
  std::mutex mutex_;
  std::vector<EasyHandle> idle_;
};

}  // namespace

Result<std::unique_ptr<CurlTransport>> curl_transport(const pki::Kubeconfig& config, const RawClientOptions& options) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (global != CURLE_OK) return fail(ErrorCode::kInternal, "libcurl cannot be initialised");
  auto target = std::make_shared<Target>();
  target->server = SLIPWAY_TRY(parse_server(config.server));
  target->config = config;
  target->options = options;
  const ServerAddress& server = target->server;
  const std::string name = config.tls_server_name.empty() ? server.host : config.tls_server_name;
  target->base_url = fmt::format("https://{}:{}{}", bracketed(name), server.port, server.prefix);
  if (name != server.host) {
    append(target->connect_to,
           fmt::format("{}:{}:{}:{}", bracketed(name), server.port, bracketed(server.host), server.port));
  }
  return Result<std::unique_ptr<CurlTransport>>(std::make_unique<PooledTransport>(std::move(target)));
}

}  // namespace slipway::kube
