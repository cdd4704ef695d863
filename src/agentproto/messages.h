#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

// Control messages of the stream between orchestrator and agent, and the bodies of the enrolment call.
namespace slipway::agentproto {

// Larger text frames are refused unread. A cloud-config is the only large part.
inline constexpr std::size_t kMaxMessageBytes = 2u << 20;
inline constexpr std::size_t kMaxCloudConfigBytes = 1u << 20;
inline constexpr std::size_t kMaxOutputBytes = 8u << 10;
inline constexpr std::size_t kMaxTextBytes = 4u << 10;

inline constexpr std::string_view kEnrollPath = "/v1/enroll";
inline constexpr std::string_view kConnectPath = "/v1/connect";
// Where the agent's end of the tunnel may lead: the host's Kubernetes API and nothing else.
inline constexpr std::string_view kKubernetesApiTarget = "127.0.0.1:6443";

struct EnrollRequest {
  std::string token;  // secret
  std::string serial_number;
  std::string uuid;
  std::string csr_pem;
};

struct EnrollResponse {
  std::string host_name;
  std::string ns;
  std::string certificate_pem;
  std::string ca_pem;
};

struct OsReport {
  std::string name, version, image_id, image_version, kernel, architecture;
  bool operator==(const OsReport&) const = default;
};

struct KubernetesReport {
  std::string distribution;    // "k3s"
  std::string version;         // "v1.36.3+k3s1"
  bool embedded = false;       // came with the image, not with a cluster
  std::string implementation;  // "K3s", or what `k3s --version` calls itself
  bool operator==(const KubernetesReport&) const = default;
};

struct Address {
  std::string type;  // "InternalIP", "Hostname"
  std::string address;
  bool operator==(const Address&) const = default;
};

// Where the agent stands with the work `id`. kClean: a reset is proven done (or nothing was ever installed).
enum class WorkPhase { kPending, kRunning, kSucceeded, kFailed, kResetting, kClean };
std::string_view work_phase_text(WorkPhase phase);  // "Pending", ...
std::optional<WorkPhase> parse_work_phase(std::string_view text);

struct WorkReport {
  std::string id;
  WorkPhase phase = WorkPhase::kClean;
  std::string step;
  std::string message;
  std::string output;       // tail of the step's output
  std::string started_at;   // RFC 3339, "" = not yet
  std::string finished_at;  // RFC 3339, "" = not yet
  bool operator==(const WorkReport&) const = default;
};

struct Hello {
  std::string agent_version;
  std::string serial_number;
  std::string uuid;
  OsReport os;
  std::optional<KubernetesReport> kubernetes;  // absent: no K3s on this host
  std::vector<Address> addresses;
  WorkReport work;
};

struct Progress {
  WorkReport work;
};

struct Renew {
  std::string csr_pem;
};

enum class Action { kNone, kBootstrap, kReset };
std::string_view action_text(Action action);  // "none", "bootstrap", "reset"

// The whole desired state of a host. Two equal assignments mean the same work.
struct Assignment {
  std::string id;  // IntelMachine's uid: of the cluster to make, or of the one to remove
  Action action = Action::kNone;
  std::string cloud_config;    // secret (join tokens, CA keys)
  std::string provider_id;     // what the kubelet says in Node.spec.providerID
  int deadline_seconds = 900;  // for all of the bootstrap
  bool operator==(const Assignment&) const = default;
};

struct Certificate {
  std::string certificate_pem;
  std::string ca_pem;
};

// Whom the agent shall trust as orchestrator from now on: PEM certificates of authorities. What the first one did not
// sign, the agent has renewed.
struct Trust {
  std::string ca_pem;
};

using AgentMessage = std::variant<Hello, Progress, Renew>;
using ServerMessage = std::variant<Assignment, Certificate, Trust>;

std::string encode(const EnrollRequest& request);
std::string encode(const EnrollResponse& response);
std::string encode(const AgentMessage& message);
std::string encode(const ServerMessage& message);

// kBadRequest with the member's path when a message is malformed, kTooLarge above a limit, kUnsupported for an unknown
// type. Errors never hold the message's content.
base::Result<EnrollRequest> parse_enroll_request(std::string_view text);
base::Result<EnrollResponse> parse_enroll_response(std::string_view text);
base::Result<AgentMessage> parse_agent_message(std::string_view text);
base::Result<ServerMessage> parse_server_message(std::string_view text);

// Valid UTF-8 of at most `limit` bytes: broken bytes become '?', the front is cut off (the end of an output says why).
std::string bounded_text(std::string_view text, std::size_t limit);

}  // namespace slipway::agentproto
