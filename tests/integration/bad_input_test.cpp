// Garbage on the API's port: a clear answer or a closed connection, and the server stays up.
#include <arpa/inet.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <random>
#include <sys/socket.h>

#include "base/unique_fd.h"
#include "data/json_text.h"
#include "tests/integration/api_door.h"

namespace slipway::integration {
namespace {

using ::testing::HasSubstr;

class BadInput : public testing::Test {
 protected:
  // Sends bytes as they are and reads until the server closes, or for at most `patience`.
  std::string raw(std::string_view bytes, std::chrono::milliseconds patience) const {
    base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const std::string url = door.url();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    (void)!::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    std::string answer;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (char buffer[4096];;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd waiting{fd.get(), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return answer;
      const ssize_t count = ::recv(fd.get(), buffer, sizeof buffer, 0);
      if (count <= 0) return answer;
      answer.append(buffer, static_cast<std::size_t>(count));
    }
  }

  // curl as the administrator; "STATUS BODY".
  std::string curl(std::vector<std::string> arguments, const std::string& path, const std::string& input = "") const {
    base::ProcessOptions options;
    options.argv = {"curl",       "-sS",
                    "--max-time", "20",
                    "--noproxy",  "*",
                    "-w",         "\n%{http_code}",
                    "--cacert",   file("ca.pem", door.ca().certificate_pem),
                    "--cert",     file("admin.pem", admin.certificate_pem),
                    "--key",      file("admin.key", admin.key_pem)};
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    options.argv.push_back(door.url() + path);
    options.input = input;
    const auto result = base::run_process(options);
    EXPECT_TRUE(result);
    if (!result) return "";
    EXPECT_EQ(result->exit_code, 0) << result->standard_error;
    const std::size_t split = result->standard_output.rfind('\n');
    return result->standard_output.substr(split + 1) + " " + result->standard_output.substr(0, split);
  }
  std::string file(const std::string& name, const std::string& content) const {
    const auto path = folder.path() / name;
    EXPECT_TRUE(base::write_file_atomically(path, content, 0600));
    return path;
  }
  void expect_alive() const { EXPECT_EQ(curl({}, "/readyz"), "200 ok"); }

  ApiDoor door;
  base::TemporaryFolder folder = std::move(*base::TemporaryFolder::create());
  pki::KeyAndCertificate admin =
      *pki::issue(door.ca(), {.subject = {"admin", {"system:masters"}}, .usage = pki::Usage::kClient},
                  pki::KeyType::kEcP256, base::SystemClock::instance().now());
};

TEST_F(BadInput, BytesThatAreNoTls) {
  std::mt19937 random(7);
  for (int i = 0; i < 30; ++i) {
    std::string garbage(1 + random() % 4'000, '\0');
    for (char& c : garbage) c = static_cast<char>(random());
    (void)raw(garbage, std::chrono::milliseconds(50));
  }
  (void)raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n", std::chrono::milliseconds(200));
  expect_alive();
}

TEST_F(BadInput, BodiesOfEveryBadKind) {
  const std::string target = "/api/v1/namespaces/default/configmaps";
  const auto post = [&](const std::string& type, const std::string& body) {
    return curl({"-H", "Content-Type: " + type, "--data-binary", "@" + file("body", body)}, target);
  };
  EXPECT_THAT(post("application/json", "\x01\x02\xff"), HasSubstr("400 "));
  EXPECT_THAT(post("application/json", std::string(100'000, '[')), HasSubstr("400 "));
  EXPECT_THAT(post("application/yaml", "a: &a [*a, *a]\n"), HasSubstr("400 "));
  EXPECT_THAT(post("application/vnd.kubernetes.protobuf", std::string("k8s\0\x0a\xff\xff\xff\xff\x0f", 10)),
              HasSubstr("400 "));
  EXPECT_THAT(post("image/png", "x"), HasSubstr("415 "));
  EXPECT_THAT(post("application/json", std::string(4u << 20, ' ')),
              AllOf(HasSubstr("413 "), HasSubstr(R"("reason":"RequestEntityTooLarge")")));
  EXPECT_THAT(post("application/json", R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"../../x"}})"),
              HasSubstr("422 "));
  EXPECT_THAT(curl({"--path-as-is"}, "/api/v1/namespaces/default/configmaps/%2e%2e%2f%2e%2e%2fsecrets%2fs"),
              HasSubstr("404 "));
  EXPECT_THAT(curl({}, "/api/v1/namespaces/default/configmaps/%zz"), HasSubstr("40"));
  EXPECT_THAT(curl({"-H", "Accept: " + std::string(20'000, ',')}, "/api/v1/secrets"), HasSubstr("406 "));
  expect_alive();
}

TEST_F(BadInput, ACertificateOfSomebodyElse) {
  const auto now = base::SystemClock::instance().now();
  const auto other = pki::create_ca({"slipway-ca", {}}, pki::KeyType::kEcP256, std::chrono::hours(1), now);
  const auto forged = pki::issue(*other, {.subject = {"admin", {"system:masters"}}, .usage = pki::Usage::kClient},
                                 pki::KeyType::kEcP256, now);
  ASSERT_TRUE(forged);
  base::ProcessOptions options;
  options.argv = {"curl",
                  "-sS",
                  "--max-time",
                  "20",
                  "--noproxy",
                  "*",
                  "--cacert",
                  file("ca.pem", door.ca().certificate_pem),
                  "--cert",
                  file("forged.pem", forged->certificate_pem),
                  "--key",
                  file("forged.key", forged->key_pem),
                  door.url() + "/api/v1/secrets"};
  const auto result = base::run_process(options);
  ASSERT_TRUE(result);
  EXPECT_THAT(result->exit_code == 0 ? result->standard_output : std::string("\"code\":401"),
              HasSubstr("\"code\":401"));
  expect_alive();
}

}  // namespace
}  // namespace slipway::integration
