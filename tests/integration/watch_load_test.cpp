// Thousands of watches through real sockets, and watches whose clients do not read.

#include <arpa/inet.h>
#include <array>
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "apiserver/api_server.h"
#include "base/files.h"
#include "base/unique_fd.h"
#include "net/http_server.h"
#include "registry/test_registry.h"

namespace slipway::integration {
namespace {

using data::Json;
using registry::gadget;

// Sanitizers do, to find who uses it again.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kKeepsFreedMemory = true;
#elif defined(__has_feature)
constexpr bool kKeepsFreedMemory = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kKeepsFreedMemory = false;
#endif

std::size_t thread_count() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

double resident_mebibytes() {
  const std::string status = base::read_file("/proc/self/status").value();
  return std::atof(status.c_str() + status.find("VmRSS:") + 6) / 1024;
}

// A client that reads when it is told to.
class Watcher {
 public:
  Watcher(std::uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    const std::string request = "GET /apis/example.com/v1/gadgets?watch=1 HTTP/1.1\r\nHost: a\r\n\r\n";
    connected_ = connected_ && ::send(fd_.get(), request.data(), request.size(), 0) == ssize_t(request.size());
  }
  bool connected() const { return connected_; }

  // Reads on until the text has come; false when the stream ended before. What was read is forgotten.
  bool sees(std::string_view wanted) {
    std::array<char, 64u << 10> buffer;
    while (true) {
      if (const auto at = text_.find(wanted); at != text_.npos) {
        text_.erase(0, at + wanted.size());
        return true;
      }
      if (text_.size() > wanted.size()) text_.erase(0, text_.size() - wanted.size());
      const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
      if (count <= 0) return false;
      read_ += static_cast<std::size_t>(count);
      text_.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  std::size_t bytes_read() const { return read_; }

 private:
  base::UniqueFd fd_;
  bool connected_ = false;
  std::string text_;
  std::size_t read_ = 0;
};

// Who asks is not the matter here: plain HTTP, and everybody an administrator.
class EverybodyIsAdmin final : public apiserver::Authenticator {
 public:
  base::Result<std::optional<apiserver::UserInfo>> authenticate(const net::HttpRequest&) override {
    return apiserver::UserInfo{.name = "admin", .groups = {"system:masters"}};
  }
};

class WatchLoad : public testing::Test {
 protected:
  explicit WatchLoad(store::StoreOptions store_options = {}) : test_(store_options) {
    apiserver::ApiServerOptions options;
    options.authenticators = {std::make_shared<EverybodyIsAdmin>()};
    api_ = std::make_unique<apiserver::ApiServer>(test_.registry, std::move(options));
    auto started = net::HttpServer::start(
        {}, [this](const net::HttpRequest& request, net::Responder& responder) { api_->handle(request, responder); });
    server_ = std::move(*started);
  }
  ~WatchLoad() override {
    api_->stop();
    server_->stop(std::chrono::seconds(1));
  }

  void make(const std::string& name, std::size_t bytes = 10) {
    Json object = gadget(name);
    object.set("spec", Json::object({{"text", std::string(bytes, 't')}}));
    ASSERT_TRUE(test_.registry.create(test_.gadgets, std::move(object)));
  }

  registry::TestRegistry test_;
  std::unique_ptr<apiserver::ApiServer> api_;
  std::unique_ptr<net::HttpServer> server_;
};

TEST_F(WatchLoad, FiveThousandWatchesOnAFewThreads) {
  constexpr std::size_t kWatches = 5'000;
  constexpr double kMostKibibytesEach = 64;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < 2 * kWatches + 500) GTEST_SKIP() << "needs " << 2 * kWatches + 500 << " open files";

  make("first");
  const std::size_t threads = thread_count();
  const double resident = resident_mebibytes();
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (std::size_t i = 0; i < kWatches; ++i) {
    watchers.push_back(std::make_unique<Watcher>(server_->port()));
    ASSERT_TRUE(watchers.back()->connected()) << i;
  }
  for (const auto& watcher : watchers) ASSERT_TRUE(watcher->sees(R"("name":"first")"));
  EXPECT_EQ(api_->watch_count(), kWatches);
  EXPECT_EQ(thread_count(), threads);
  EXPECT_LT((resident_mebibytes() - resident) * 1024 / kWatches, kMostKibibytesEach);
  for (const char* name : {"second", "third"}) {
    make(name);
    for (const auto& watcher : watchers) ASSERT_TRUE(watcher->sees(fmt::format(R"("name":"{}")", name)));
  }
}

class SlowReader : public WatchLoad {
 protected:
  SlowReader() : WatchLoad({.ring_events = 500}) {}
};

TEST_F(SlowReader, IsToldThatItIsTooLateAndCostsNoMemory) {
  constexpr std::size_t kObjects = 4'000;
  constexpr std::size_t kObjectBytes = 16u << 10;
  Watcher slow(server_->port(), 16 << 10);
  Watcher quick(server_->port());
  make("first");
  ASSERT_TRUE(slow.sees(R"("name":"first")"));
  ASSERT_TRUE(quick.sees(R"("name":"first")"));
  const double resident = resident_mebibytes();
  for (std::size_t i = 0; i < kObjects; ++i) {
    const std::string name = fmt::format("g-{}", i);
    make(name, kObjectBytes);
    ASSERT_TRUE(test_.registry.remove(test_.gadgets, {"", name}));
    // The ring is short: whoever reads keeps up.
    if (i % 50 == 49) {
      ASSERT_TRUE(quick.sees(fmt::format(R"("name":"{}")", name)));
    }
  }
  constexpr double kEventsMebibytes = 2.0 * kObjects * kObjectBytes / (1u << 20);
  if (!kKeepsFreedMemory) {
    EXPECT_LT(resident_mebibytes() - resident, kEventsMebibytes / 2);
  }
  EXPECT_TRUE(slow.sees(R"("type":"ERROR")"));
  EXPECT_TRUE(slow.sees(R"("reason":"Expired")"));
  EXPECT_LT(slow.bytes_read(), quick.bytes_read() / 2) << "it was not sent what it missed";
}

}  // namespace
}  // namespace slipway::integration
