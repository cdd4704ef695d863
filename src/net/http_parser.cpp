#include "net/http_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/core.h>
#include <optional>

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

// The bytes and the parser of one direction of a connection.
template <bool kIsRequest>
struct Stream {
  using Parser = http::parser<kIsRequest, http::string_body>;

  HttpLimits limits;
  std::string buffer;
  std::optional<Parser> parser;

  void prepare() {
    if (parser) return;
    parser.emplace();
    parser->eager(true);
    parser->header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
    parser->body_limit(limits.max_body_bytes);
  }

  base::Error error_of(const boost::beast::error_code& code) const {
    if (code == http::error::header_limit || code == http::error::buffer_overflow) {
      return fail(ErrorCode::kInvalid, fmt::format("the HTTP head is larger than {} bytes", limits.max_header_bytes));
    }
    if (code == http::error::body_limit) {
      return fail(ErrorCode::kTooLarge, fmt::format("the body is larger than {} bytes", limits.max_body_bytes));
    }
    return fail(ErrorCode::kBadRequest, fmt::format("malformed HTTP message: {}", code.message()));
  }

  Result<HttpProgress> advance() {
    prepare();
    while (!parser->is_done()) {
      if (buffer.empty()) break;
      boost::beast::error_code code;
      std::size_t used = 0;
      try {
        used = parser->put(boost::asio::const_buffer(buffer.data(), buffer.size()), code);
      } catch (const std::exception& exception) {
        return fail(ErrorCode::kBadRequest, fmt::format("malformed HTTP message: {}", exception.what()));
      }
      buffer.erase(0, used);
      if (code == http::error::need_more) {
        // The parser counts the limit only once it sees the end of the head.
        if (!parser->is_header_done() && buffer.size() > limits.max_header_bytes) {
          return error_of(http::error::header_limit);
        }
        break;
      }
      if (code) return error_of(code);
      if (used == 0) break;
    }
    if (parser->is_done()) return HttpProgress::kDone;
    return parser->is_header_done() ? HttpProgress::kNeedBody : HttpProgress::kNeedHead;
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
  auto& message = state_->parser->get();
  state_->keep_alive = message.keep_alive();
  state_->http_1_0 = message.version() < 11;
  if (progress == HttpProgress::kNeedBody) return progress;
  request.method = text_of(message.method_string());
  request.target = text_of(message.target());
  request.headers = headers_of(message);
  request.body = std::move(message.body());
  state_->parser.reset();
  request.query.clear();
  SLIPWAY_TRY(parse_target(request));
  return HttpProgress::kDone;
}

bool HttpRequestParser::expects_continue() const {
  if (!state_->parser || !state_->parser->is_header_done()) return false;
  return boost::beast::iequals(state_->parser->get()[http::field::expect], "100-continue");
}
bool HttpRequestParser::keep_alive() const {
  return state_->keep_alive;
}
bool HttpRequestParser::is_http_1_0() const {
  return state_->http_1_0;
}
bool HttpRequestParser::has_begun() const {
  return !state_->buffer.empty() || (state_->parser && state_->parser->got_some());
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

namespace {

void fill(HttpResponse& response, http::response<http::string_body>& message) {
  response.status = static_cast<int>(message.result_int());
  response.headers = headers_of(message);
  response.body = std::move(message.body());
}

}  // namespace

Result<HttpProgress> HttpResponseParser::next(HttpResponse& response) {
  const HttpProgress progress = SLIPWAY_TRY(state_->advance());
  if (progress != HttpProgress::kDone) return progress;
  fill(response, state_->parser->get());
  state_->parser.reset();
  return progress;
}

Result<HttpProgress> HttpResponseParser::end(HttpResponse& response) {
  state_->prepare();
  boost::beast::error_code code;
  if (state_->parser->is_header_done()) state_->parser->put_eof(code);  // asserts that something came before
  if (code || !state_->parser->is_done()) {
    return fail(ErrorCode::kUnavailable, "the connection ended before the answer was complete");
  }
  fill(response, state_->parser->get());
  return HttpProgress::kDone;
}

std::string HttpResponseParser::take_rest() {
  return std::exchange(state_->buffer, {});
}

}  // namespace slipway::net
