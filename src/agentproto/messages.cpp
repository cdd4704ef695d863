#include "agentproto/messages.h"

#include <array>
#include <fmt/core.h>

#include "agentproto/message_reader.h"
#include "data/encoding.h"
#include "data/json_text.h"

namespace slipway::agentproto {

using base::ErrorCode;
using base::Result;
using data::Json;

namespace {

constexpr std::array<std::string_view, 6> kPhases{"Pending", "Running", "Succeeded", "Failed", "Resetting", "Clean"};
constexpr std::array<std::string_view, 3> kActions{"none", "bootstrap", "reset"};
constexpr std::size_t kNameBytes = 256;
constexpr std::size_t kPemBytes = 64u << 10;
constexpr std::size_t kMaxAddresses = 128;

Json to_json(const WorkReport& work) {
  return Json::object({{"id", work.id},
                       {"phase", work_phase_text(work.phase)},
                       {"step", bounded_text(work.step, kNameBytes)},
                       {"message", bounded_text(work.message, kMaxTextBytes)},
                       {"output", bounded_text(work.output, kMaxOutputBytes)},
                       {"startedAt", work.started_at},
                       {"finishedAt", work.finished_at}});
}

Json to_json(const Hello& hello) {
  Json message = Json::object({{"type", "hello"},
                               {"agentVersion", hello.agent_version},
                               {"serialNumber", hello.serial_number},
                               {"uuid", hello.uuid},
                               {"os", Json::object({{"name", hello.os.name},
                                                    {"version", hello.os.version},
                                                    {"imageID", hello.os.image_id},
                                                    {"imageVersion", hello.os.image_version},
                                                    {"kernel", hello.os.kernel},
                                                    {"architecture", hello.os.architecture}})},
                               {"addresses", Json::array()},
                               {"assignment", to_json(hello.work)}});
  if (hello.kubernetes)
    message.set("kubernetes", Json::object({{"distribution", hello.kubernetes->distribution},
                                            {"version", hello.kubernetes->version},
                                            {"embedded", hello.kubernetes->embedded},
                                            {"implementation", hello.kubernetes->implementation}}));
  for (const Address& address : hello.addresses)
    message.at("addresses").append(Json::object({{"type", address.type}, {"address", address.address}}));
  return message;
}

Json to_json(const Progress& progress) {
  return Json::object({{"type", "progress"}, {"assignment", to_json(progress.work)}});
}

Json to_json(const Renew& renew) {
  return Json::object({{"type", "renew"}, {"csrPem", renew.csr_pem}});
}

Json to_json(const Assignment& assignment) {
  Json content = Json::object({{"id", assignment.id}, {"action", action_text(assignment.action)}});
  if (assignment.action == Action::kBootstrap) {
    content.set("cloudConfig", assignment.cloud_config);
    content.set("providerID", assignment.provider_id);
    content.set("deadlineSeconds", assignment.deadline_seconds);
  }
  return Json::object({{"type", "assignment"}, {"assignment", std::move(content)}});
}

Json to_json(const Certificate& certificate) {
  return Json::object(
      {{"type", "certificate"}, {"certificatePem", certificate.certificate_pem}, {"caPem", certificate.ca_pem}});
}

Json to_json(const Trust& trust) {
  return Json::object({{"type", "trust"}, {"caPem", trust.ca_pem}});
}

Result<WorkReport> read_work(const Json& message) {
  MessageReader reader(message["assignment"], "assignment");
  WorkReport work;
  work.id = reader.text("id", kNameBytes);
  const std::string phase = reader.text("phase", kNameBytes, true);
  work.phase = parse_work_phase(phase).value_or(WorkPhase::kPending);
  if (!parse_work_phase(phase)) reader.refuse("phase", ErrorCode::kBadRequest, "is none of the known phases");
  work.step = reader.text("step", kNameBytes);
  work.message = reader.text("message", kMaxTextBytes);
  work.output = reader.text("output", kMaxOutputBytes);
  work.started_at = reader.text("startedAt", kNameBytes);
  work.finished_at = reader.text("finishedAt", kNameBytes);
  SLIPWAY_TRY(reader.status());
  return work;
}

Result<AgentMessage> read_hello(const Json& message) {
  MessageReader reader(message, "");
  Hello hello;
  hello.agent_version = reader.text("agentVersion", 64);
  hello.serial_number = reader.text("serialNumber", kNameBytes);
  hello.uuid = reader.text("uuid", kNameBytes);
  MessageReader os = reader.object("os");
  hello.os = {.name = os.text("name", 128),
              .version = os.text("version", 128),
              .image_id = os.text("imageID", 256),
              .image_version = os.text("imageVersion", 128),
              .kernel = os.text("kernel", 128),
              .architecture = os.text("architecture", 32)};
  reader.join(os);
  if (message.contains("kubernetes")) {
    MessageReader kubernetes = reader.object("kubernetes");
    hello.kubernetes = KubernetesReport{.distribution = kubernetes.text("distribution", 32, true),
                                        .version = kubernetes.text("version", 64, true),
                                        .embedded = kubernetes.boolean("embedded"),
                                        .implementation = kubernetes.text("implementation", 63)};
    reader.join(kubernetes);
  }
  for (const Json& item : reader.list("addresses", kMaxAddresses).items()) {
    MessageReader address(item, "addresses[]");
    hello.addresses.push_back({address.text("type", 32, true), address.text("address", 256, true)});
    reader.join(address);
  }
  SLIPWAY_TRY(reader.status());
  hello.work = SLIPWAY_TRY(read_work(message));
  return AgentMessage(std::move(hello));
}

Result<ServerMessage> read_assignment(const Json& message) {
  MessageReader reader(message["assignment"], "assignment");
  Assignment assignment;
  const std::string action = reader.text("action", 32, true);
  std::size_t index = 0;
  while (index < kActions.size() && kActions[index] != action) ++index;
  if (index == kActions.size() && !reader.failed())
    return base::fail(ErrorCode::kUnsupported,
                      fmt::format("assignment.action: '{}' is not known to this agent", bounded_text(action, 32)));
  assignment.action = static_cast<Action>(index);
  assignment.id = reader.text("id", kNameBytes, assignment.action == Action::kBootstrap);
  assignment.cloud_config = reader.text("cloudConfig", kMaxCloudConfigBytes, assignment.action == Action::kBootstrap);
  assignment.provider_id = reader.text("providerID", 512);
  assignment.deadline_seconds = reader.integer("deadlineSeconds", 900, 1, 24 * 3600);
  SLIPWAY_TRY(reader.status());
  return ServerMessage(std::move(assignment));
}

Result<Json> parse_frame(std::string_view text, std::size_t limit) {
  if (text.size() > limit)
    return base::fail(ErrorCode::kTooLarge,
                      fmt::format("message of {} bytes, at most {} are taken", text.size(), limit));
  Result<Json> message = data::parse_json(text, {.max_bytes = limit, .max_depth = 16});
  // The parser's text may quote the message, and the message may hold a token.
  if (!message) return base::fail(ErrorCode::kBadRequest, "message is not valid JSON");
  if (!message->is_object()) return base::fail(ErrorCode::kBadRequest, "message must be a JSON object");
  return message;
}

base::Error unknown_type(const Json& message) {
  const std::string& type = message.text({"type"});
  if (type.empty()) return base::fail(ErrorCode::kBadRequest, "type: is missing");
  return base::fail(ErrorCode::kUnsupported, fmt::format("message type '{}' is not known", bounded_text(type, 64)));
}

}  // namespace

std::string_view work_phase_text(WorkPhase phase) {
  return kPhases[static_cast<std::size_t>(phase)];
}

std::optional<WorkPhase> parse_work_phase(std::string_view text) {
  for (std::size_t i = 0; i < kPhases.size(); ++i)
    if (kPhases[i] == text) return static_cast<WorkPhase>(i);
  return std::nullopt;
}

std::string_view action_text(Action action) {
  return kActions[static_cast<std::size_t>(action)];
}

std::string bounded_text(std::string_view text, std::size_t limit) {
  if (text.size() > limit) {
    text.remove_prefix(text.size() - limit);
    while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0u) == 0x80u) text.remove_prefix(1);
  }
  std::string result(text);
  if (!data::is_valid_utf8(result))
    for (char& character : result)
      if (static_cast<unsigned char>(character) >= 0x80u) character = '?';
  for (char& character : result)
    if (character == '\0') character = '?';
  return result;
}

std::string encode(const EnrollRequest& request) {
  return data::to_json(Json::object({{"token", request.token},
                                     {"serialNumber", request.serial_number},
                                     {"uuid", request.uuid},
                                     {"csrPem", request.csr_pem}}));
}

std::string encode(const EnrollResponse& response) {
  return data::to_json(Json::object({{"hostName", response.host_name},
                                     {"namespace", response.ns},
                                     {"certificatePem", response.certificate_pem},
                                     {"caPem", response.ca_pem}}));
}

std::string encode(const AgentMessage& message) {
  return data::to_json(std::visit([](const auto& content) { return to_json(content); }, message));
}

std::string encode(const ServerMessage& message) {
  return data::to_json(std::visit([](const auto& content) { return to_json(content); }, message));
}

Result<EnrollRequest> parse_enroll_request(std::string_view text) {
  const Json message = SLIPWAY_TRY(parse_frame(text, 2 * kPemBytes));
  MessageReader reader(message, "");
  EnrollRequest request{.token = reader.text("token", kNameBytes, true),
                        .serial_number = reader.text("serialNumber", kNameBytes),
                        .uuid = reader.text("uuid", kNameBytes),
                        .csr_pem = reader.text("csrPem", kPemBytes, true)};
  SLIPWAY_TRY(reader.status());
  return request;
}

Result<EnrollResponse> parse_enroll_response(std::string_view text) {
  const Json message = SLIPWAY_TRY(parse_frame(text, 4 * kPemBytes));
  MessageReader reader(message, "");
  EnrollResponse response{.host_name = reader.text("hostName", kNameBytes, true),
                          .ns = reader.text("namespace", kNameBytes, true),
                          .certificate_pem = reader.text("certificatePem", kPemBytes, true),
                          .ca_pem = reader.text("caPem", kPemBytes, true)};
  SLIPWAY_TRY(reader.status());
  return response;
}

Result<AgentMessage> parse_agent_message(std::string_view text) {
  const Json message = SLIPWAY_TRY(parse_frame(text, kMaxMessageBytes));
  const std::string& type = message.text({"type"});
  if (type == "hello") return read_hello(message);
  if (type == "progress") return AgentMessage(Progress{SLIPWAY_TRY(read_work(message))});
  if (type == "renew") {
    MessageReader reader(message, "");
    Renew renew{reader.text("csrPem", kPemBytes, true)};
    SLIPWAY_TRY(reader.status());
    return AgentMessage(std::move(renew));
  }
  return unknown_type(message);
}

Result<ServerMessage> parse_server_message(std::string_view text) {
  const Json message = SLIPWAY_TRY(parse_frame(text, kMaxMessageBytes));
  const std::string& type = message.text({"type"});
  if (type == "assignment") return read_assignment(message);
  if (type == "certificate") {
    MessageReader reader(message, "");
    Certificate certificate{reader.text("certificatePem", kPemBytes, true), reader.text("caPem", kPemBytes)};
    SLIPWAY_TRY(reader.status());
    return ServerMessage(std::move(certificate));
  }
  if (type == "trust") {
    MessageReader reader(message, "");
    Trust trust{reader.text("caPem", kPemBytes, true)};
    SLIPWAY_TRY(reader.status());
    return ServerMessage(std::move(trust));
  }
  return unknown_type(message);
}

}  // namespace slipway::agentproto
