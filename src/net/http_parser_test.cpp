#include "net/http_parser.h"

#include <gmock/gmock.h>

namespace slipway::net {
namespace {

using base::ErrorCode;

TEST(HttpRequestParser, AnySplitGivesTheSameRequests) {
  const std::string bytes =
      "POST /a/b%2Fc?x=1&x=2&flag&e=%26 HTTP/1.1\r\nHost: h\r\nX-Name:  value \r\nContent-Length: 5\r\n\r\nhello"
      "PUT /chunked HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
      "GET /last HTTP/1.0\r\n\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    HttpRequestParser parser({});
    std::vector<HttpRequest> requests;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      parser.feed(std::string_view(bytes).substr(at, step));
      for (;;) {
        HttpRequest request;
        const auto progress = parser.next(request);
        ASSERT_TRUE(progress) << progress.error().message();
        if (*progress != HttpProgress::kDone) break;
        requests.push_back(std::move(request));
      }
    }
    ASSERT_EQ(requests.size(), 3u) << step;
    EXPECT_EQ(requests[0].path, "/a/b/c");
    EXPECT_EQ(requests[0].query_value("x"), "1");
    EXPECT_EQ(requests[0].query.count("x"), 2u);
    EXPECT_TRUE(requests[0].has_query("flag"));
    EXPECT_EQ(requests[0].query_value("e"), "&");
    EXPECT_EQ(requests[0].header("x-name"), "value");
    EXPECT_EQ(requests[0].body, "hello");
    EXPECT_EQ(requests[1].body, "abcde");
    EXPECT_EQ(requests[2].method, "GET");
    EXPECT_TRUE(parser.is_http_1_0());
    EXPECT_FALSE(parser.keep_alive());
  }
}

TEST(HttpRequestParser, LimitsAreErrorsOfTheirOwn) {
  HttpRequestParser head({.max_header_bytes = 1000, .max_body_bytes = 10});
  HttpRequest request;
  head.feed("GET / HTTP/1.1\r\nX: " + std::string(2000, 'a'));
  EXPECT_EQ(head.next(request).error().code(), ErrorCode::kInvalid);
  HttpRequestParser body({.max_header_bytes = 1000, .max_body_bytes = 10});
  body.feed("POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(body.next(request).error().code(), ErrorCode::kTooLarge);
  HttpRequestParser chunked({.max_header_bytes = 1000, .max_body_bytes = 10});
  chunked.feed("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n" + std::string(11, 'x') + "\r\n");
  EXPECT_EQ(chunked.next(request).error().code(), ErrorCode::kTooLarge);
}

TEST(HttpRequestParser, BodiesThatCouldBeReadInTwoWays) {
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  for (const std::string& rest : {
           std::string("Transfer-Encoding: gzip\r\n\r\n"),
           std::string("Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc"),
           std::string("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           std::string("Content-Length: 3, 4\r\n\r\nabc"),
           std::string("Content-Length: +3\r\n\r\nabc"),
           std::string("Transfer-Encoding: chunked\r\n\r\nx\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n-1\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
           "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(2000, 'e') + "\r\n",
           "Transfer-Encoding: chunked\r\n\r\n0\r\n" + std::string(2000, 't') + "\r\n\r\n",
       }) {
    for (const std::size_t step : {1u, 3u, 10'000u}) {
      HttpRequestParser parser({});
      HttpRequest request;
      base::Result<HttpProgress> progress = HttpProgress::kNeedHead;
      const std::string bytes = post + rest;
      for (std::size_t at = 0; at < bytes.size() && progress && *progress != HttpProgress::kDone; at += step) {
        parser.feed(std::string_view(bytes).substr(at, step));
        progress = parser.next(request);
      }
      EXPECT_FALSE(progress) << rest.substr(0, 60) << " in steps of " << step;
    }
  }
}

// Beast 1.81 asserts on this split of the last chunk.
TEST(HttpRequestParser, LastChunkInPieces) {
  HttpRequestParser parser({});
  HttpRequest request;
  for (const char* piece : {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n", "X: y\r", "\n", "\r"}) {
    parser.feed(piece);
    ASSERT_EQ(parser.next(request).value(), HttpProgress::kNeedBody) << piece;
  }
  parser.feed("\n");
  EXPECT_EQ(parser.next(request).value(), HttpProgress::kDone);
  EXPECT_EQ(request.header("x"), "");
}

TEST(HttpRequestParser, UpgradeLeavesTheRest) {
  HttpRequestParser parser({});
  parser.feed("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x80mask");
  HttpRequest request;
  ASSERT_EQ(parser.next(request).value(), HttpProgress::kDone);
  EXPECT_EQ(parser.take_rest(), "\x81\x80mask");
}

TEST(HttpResponseParser, WithAndWithoutLength) {
  const struct {
    std::string bytes;
    bool whole;
    std::string body;
  } cases[] = {{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true, "hi"},
               {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", true, "hi"},
               {"HTTP/1.0 200 OK\r\n\r\nuntil the end", true, "until the end"},
               {"HTTP/1.1 204 No Content\r\n\r\n", true, ""},
               {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", false, ""},
               {"HTTP/1.1 200 OK\r\nContent-Le", false, ""},
               {"", false, ""}};
  for (const auto& test : cases) {
    HttpResponseParser parser({});
    parser.feed(test.bytes);
    HttpResponse response;
    auto progress = parser.next(response);
    ASSERT_TRUE(progress) << test.bytes;
    if (*progress != HttpProgress::kDone) progress = parser.end(response);
    EXPECT_EQ(progress.has_value(), test.whole) << test.bytes;
    EXPECT_EQ(response.body, test.body) << test.bytes;
  }
}

TEST(HttpRequest, PeerHostHasNoPort) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"127.0.0.1:80", "127.0.0.1"}, {"[::1]:80", "::1"}, {"", ""}};
  for (const auto& [address, host] : cases) {
    HttpRequest request;
    request.peer_address = address;
    EXPECT_EQ(request.peer_host(), host);
  }
}

TEST(HttpResponseParser, RefusesGarbageAndGiants) {
  for (const std::string& bytes : {std::string("garbage\r\n\r\n"), std::string("HTTP/1.1 99999 X\r\n\r\n"),
                                   std::string("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")}) {
    HttpResponseParser parser({.max_body_bytes = 1000});
    parser.feed(bytes);
    HttpResponse response;
    EXPECT_FALSE(parser.next(response)) << bytes;
  }
}

}  // namespace
}  // namespace slipway::net
