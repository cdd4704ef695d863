#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "agent/agent_options.h"
#include "agent/backoff.h"
#include "agent/host_report.h"
#include "agent/identity.h"
#include "base/clock.h"
#include "net/tunnel.h"
#include "net/websocket.h"

namespace slipway::agent {

// The agent's way to the orchestrator: enrols when it must, keeps one websocket open, reports, hands assignments on,
// serves tunnel streams to the host's Kubernetes API, renews the certificate. One thread of its own, which sleeps
// unless something happens.
class OrchestratorLink {
 public:
  struct Parts {
    net::ClientRuntime* runtime = nullptr;
    base::Clock* clock = &base::SystemClock::instance();
    base::Random* random = &base::SystemRandom::instance();
    MachineIdentity machine;
    // The whole report of this host, work included; may take a moment.
    std::function<agentproto::Hello()> report;
    // Called from a network thread; must not block.
    std::function<void(agentproto::Assignment)> on_assignment;
    // Where tunnel streams lead ("127.0.0.1", 6443; tests choose another port).
    std::uint16_t kubernetes_port = 6443;
  };
  OrchestratorLink(AgentOptions options, Parts parts);
  ~OrchestratorLink();

  void start();
  void stop();
  // Sends where the work stands when connected; the next connection begins with a whole report anyway. Any thread.
  void send_progress(const agentproto::WorkReport& work);
  // Looks at the host again and reports it when it changed. Any thread.
  void report_again();
  bool is_connected() const;

 private:
  struct Session;
  void loop(const std::stop_token& stop);
  base::Result<Identity> identity();
  base::Result<Identity> enroll_with(const std::string& token, bool fresh_key);
  base::Status serve(const Identity& identity, const std::stop_token& stop);
  base::Result<std::shared_ptr<Session>> connect(const Identity& identity);
  void receive(const std::shared_ptr<Session>& session, std::string_view text);
  void take_certificate(agentproto::Certificate certificate);
  void take_trust(const std::shared_ptr<Session>& session, const agentproto::Trust& trust);
  static void ask_for_renewal(const std::shared_ptr<Session>& session, const Identity& identity);
  void handle_refusal(const base::Error& refusal);
  void wait(const std::stop_token& stop, std::chrono::milliseconds time);

  AgentOptions options_;
  Parts parts_;
  IdentityStore store_;
  Backoff backoff_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::shared_ptr<Session> session_;
  std::optional<agentproto::Certificate> renewed_;
  std::optional<agentproto::Trust> trust_;
  bool look_again_ = false;
  bool refused_ = false;  // the present certificate
  std::jthread thread_;
};

}  // namespace slipway::agent
