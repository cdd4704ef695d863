#include "net/http_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <fmt/core.h>
#include <optional>

#include "net/http_body.h"
#include "net/http_text.h"

namespace slipway::net {

namespace http = boost::beast::http;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

std::string text_of(boost::beast::string_view view) {
  return {view.data(), view.size()};
}

std::string lower_case(boost::beast::string_view view) {
  std::string out = text_of(view);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

template <typename Fields>
std::vector<std::pair<std::string, std::string>> headers_of(const Fields& fields) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto& field : fields) headers.emplace_back(lower_case(field.name_string()), text_of(field.value()));
  return headers;
}

// The bytes and the parsers of one direction of a connection: Beast reads the head, HttpBody the rest.
template <bool kIsRequest>
struct Stream {
  using HeadParser = http::parser<kIsRequest, http::empty_body>;

  HttpLimits limits;
  std::string buffer;
  std::optional<HeadParser> head;
  std::optional<HttpBody> body;

  bool head_done() const { return body.has_value(); }
  auto& message() { return head->get(); }

  base::Error error_of(const boost::beast::error_code& code) const {
    if (code == http::error::header_limit || code == http::error::buffer_overflow) {
      return fail(ErrorCode::kInvalid, fmt::format("the HTTP head is larger than {} bytes", limits.max_header_bytes));
    }
    return fail(ErrorCode::kBadRequest, fmt::format("malformed HTTP message: {}", code.message()));
  }

  // True once the head is whole.
  Result<bool> advance_head() {
    if (!head) {
      head.emplace();
      head->skip(true);  // the body is not Beast's business
      head->header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
    }
    while (!head->is_header_done() && !buffer.empty()) {
      boost::beast::error_code code;
      const std::size_t used = head->put(boost::asio::const_buffer(buffer.data(), buffer.size()), code);
      buffer.erase(0, used);
      if (code == http::error::need_more) {
        // The parser counts the limit only once it sees the end of the head.
        if (buffer.size() > limits.max_header_bytes) return error_of(http::error::header_limit);
        return false;
      }
      if (code) return error_of(code);
      if (used == 0) return false;
    }
    return head->is_header_done();
  }

  // How the body's end is told; a message that could be read in two ways is refused.
  Result<HttpBody> begin_body() {
    const bool encoded = message().find(http::field::transfer_encoding) != message().end();
    if (encoded && !head->chunked())
      return fail(ErrorCode::kBadRequest, "malformed HTTP message: unknown transfer encoding");
    if (without_body()) return HttpBody(HttpBody::Framing::kNone, 0, limits.max_body_bytes);
    if (head->chunked()) return HttpBody(HttpBody::Framing::kChunked, 0, limits.max_body_bytes);
    if (const auto length = head->content_length()) {
      return HttpBody(HttpBody::Framing::kLength, *length, limits.max_body_bytes);
    }
    return HttpBody(kIsRequest ? HttpBody::Framing::kNone : HttpBody::Framing::kUntilEnd, 0, limits.max_body_bytes);
  }

  bool without_body() {
    if constexpr (kIsRequest) {
      return false;
    } else {
      const unsigned status = message().result_int();
      return status < 200 || status == 204 || status == 304;
    }
  }

  Result<HttpProgress> advance() {
    try {
      if (!head_done()) {
        if (!SLIPWAY_TRY(advance_head())) return HttpProgress::kNeedHead;
        body.emplace(SLIPWAY_TRY(begin_body()));
      }
    } catch (const std::exception& exception) {
      return fail(ErrorCode::kBadRequest, fmt::format("malformed HTTP message: {}", exception.what()));
    }
    const std::size_t used = SLIPWAY_TRY(body->take(buffer));
    buffer.erase(0, used);
    return body->complete() ? HttpProgress::kDone : HttpProgress::kNeedBody;
  }

  void next_message() {
    head.reset();
    body.reset();
  }
};

}  // namespace

struct HttpRequestParser::State : Stream<true> {
  bool keep_alive = false;
  bool http_1_0 = false;
};

HttpRequestParser::HttpRequestParser(HttpLimits limits) : state_(std::make_unique<State>()) {
  state_->limits = limits;
}
HttpRequestParser::~HttpRequestParser() = default;

void HttpRequestParser::feed(std::string_view bytes) {
  state_->buffer += bytes;
}

Result<HttpProgress> HttpRequestParser::next(HttpRequest& request) {
  const HttpProgress progress = SLIPWAY_TRY(state_->advance());
  if (progress == HttpProgress::kNeedHead) return progress;
  auto& message = state_->message();
  state_->keep_alive = message.keep_alive();
  state_->http_1_0 = message.version() < 11;
  if (progress == HttpProgress::kNeedBody) return progress;
  request.method = text_of(message.method_string());
  request.target = text_of(message.target());
  request.headers = headers_of(message);
  request.body = state_->body->release();
  state_->next_message();
  request.query.clear();
  SLIPWAY_TRY(parse_target(request));
  return HttpProgress::kDone;
}

std::optional<HttpRequest> HttpRequestParser::unfinished() const {
  if (!state_->head_done()) return std::nullopt;
  HttpRequest request;
  request.method = text_of(state_->message().method_string());
  request.target = text_of(state_->message().target());
  request.headers = headers_of(state_->message());
  if (!parse_target(request)) return std::nullopt;
  return request;
}

bool HttpRequestParser::expects_continue() const {
  return state_->head_done() && boost::beast::iequals(state_->message()[http::field::expect], "100-continue");
}
bool HttpRequestParser::keep_alive() const {
  return state_->keep_alive;
}
bool HttpRequestParser::is_http_1_0() const {
  return state_->http_1_0;
}
bool HttpRequestParser::has_begun() const {
  return !state_->buffer.empty() || (state_->head && state_->head->got_some());
}
std::string HttpRequestParser::take_rest() {
  return std::exchange(state_->buffer, {});
}

struct HttpResponseParser::State : Stream<false> {};

HttpResponseParser::HttpResponseParser(HttpLimits limits) : state_(std::make_unique<State>()) {
  state_->limits = limits;
}
HttpResponseParser::~HttpResponseParser() = default;

void HttpResponseParser::feed(std::string_view bytes) {
  state_->buffer += bytes;
}

Result<HttpProgress> HttpResponseParser::next(HttpResponse& response) {
  const HttpProgress progress = SLIPWAY_TRY(state_->advance());
  if (progress != HttpProgress::kDone) return progress;
  response.status = static_cast<int>(state_->message().result_int());
  response.headers = headers_of(state_->message());
  response.body = state_->body->release();
  state_->next_message();
  return progress;
}

Result<HttpProgress> HttpResponseParser::end(HttpResponse& response) {
  if (state_->head_done()) state_->body->end_of_stream();
  if (!state_->head_done() || !state_->body->complete()) {
    return fail(ErrorCode::kUnavailable, "the connection ended before the answer was complete");
  }
  return next(response);
}

std::string HttpResponseParser::take_rest() {
  return std::exchange(state_->buffer, {});
}

}  // namespace slipway::net
