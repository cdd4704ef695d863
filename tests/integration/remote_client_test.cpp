#include "kube/remote_client.h"

#include "apiserver/api_server.h"
#include "kube/client_conformance_suite.h"
#include "net/http_server.h"
#include "pki/certificate.h"

// RemoteClient passes the suite of every kube::Client, over real HTTPS against the apiserver.
namespace slipway::kube {
namespace {

using namespace std::chrono_literals;

class RemoteServer final : public ConformanceServer {
 public:
  RemoteServer() {
    const base::WallTime now = base::SystemClock::instance().now();
    const auto ca = pki::create_ca({"ca", {}}, pki::KeyType::kEcP256, 24h, now).value();
    const auto serving =
        pki::issue(ca, {.subject = {"slipwayd", {}}, .ip_addresses = {"127.0.0.1"}}, pki::KeyType::kEcP256, now)
            .value();
    const auto admin = pki::issue(ca, {.subject = {"admin", {"system:masters"}}, .usage = pki::Usage::kClient},
                                  pki::KeyType::kEcP256, now)
                           .value();
    door_ = net::HttpServer::start(
                {.tls = {.certificate_pem = serving.certificate_pem,
                         .key_pem = serving.key_pem,
                         .client_ca_pem = ca.certificate_pem}},
                [this](const net::HttpRequest& request, net::Responder& responder) { api_.handle(request, responder); })
                .value();
    pki::Kubeconfig config;
    config.server = "https://127.0.0.1:" + std::to_string(door_->port());
    config.ca_pem = ca.certificate_pem;
    config.client_certificate_pem = admin.certificate_pem;
    config.client_key_pem = admin.key_pem;
    client_ = RemoteClient::connect(config).value();
  }
  ~RemoteServer() override {
    api_.stop();
    door_->stop(2s);
  }
  Client& client() override { return *client_; }

 private:
  registry::TestRegistry test_;
  apiserver::ApiServer api_{test_.registry};
  std::unique_ptr<net::HttpServer> door_;
  std::shared_ptr<RemoteClient> client_;
};

INSTANTIATE_TEST_SUITE_P(Remote, ClientConformance,
                         testing::Values(ConformanceTarget{"remote", [] { return std::make_unique<RemoteServer>(); }}));

}  // namespace
}  // namespace slipway::kube
