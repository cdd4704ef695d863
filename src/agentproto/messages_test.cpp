#include "agentproto/messages.h"

#include <gtest/gtest.h>

namespace slipway::agentproto {
namespace {

using base::ErrorCode;

Hello sample_hello() {
  Hello hello;
  hello.agent_version = "0.1.0";
  hello.serial_number = "SN-1";
  hello.uuid = "11111111-2222-3333-4444-555555555555";
  hello.os = {"Slipway Edge", "1.0", "edge", "1.0.3", "6.18", "amd64"};
  hello.kubernetes = KubernetesReport{"k3s", "v1.36.3+k3s1", true, "K3s"};
  hello.addresses = {{"InternalIP", "10.0.0.1"}, {"Hostname", "edge-1"}};
  hello.work = {"uid-1", WorkPhase::kRunning, "run command 1 of 2", "", "out", "2026-01-02T03:04:05Z", ""};
  return hello;
}

TEST(Messages, HelloSurvivesTheWire) {
  const auto read = parse_agent_message(encode(AgentMessage(sample_hello())));
  ASSERT_TRUE(read) << read.error().message();
  const Hello& hello = std::get<Hello>(*read);
  EXPECT_EQ(hello.os, sample_hello().os);
  EXPECT_EQ(hello.kubernetes, sample_hello().kubernetes);
  EXPECT_EQ(hello.addresses, sample_hello().addresses);
  EXPECT_EQ(hello.work, sample_hello().work);
  EXPECT_EQ(hello.uuid, sample_hello().uuid);
}

TEST(Messages, EveryPhaseSurvivesTheWire) {
  for (int i = 0; i < 6; ++i) {
    const auto read =
        parse_agent_message(encode(AgentMessage(Progress{{.id = "x", .phase = static_cast<WorkPhase>(i)}})));
    ASSERT_TRUE(read);
    EXPECT_EQ(std::get<Progress>(*read).work.phase, static_cast<WorkPhase>(i));
  }
}

TEST(Messages, AssignmentsSurviveTheWire) {
  for (const Assignment& sent : {Assignment{"uid-1", Action::kBootstrap, "#cloud-config\n", "slipway://a/b", 60},
                                 Assignment{"uid-1", Action::kReset}, Assignment{}}) {
    const auto read = parse_server_message(encode(ServerMessage(sent)));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(std::get<Assignment>(*read), sent);
  }
}

TEST(Messages, EnrolmentSurvivesTheWire) {
  const auto request = parse_enroll_request(encode(EnrollRequest{"swj_x", "SN", "u", "PEM"}));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->csr_pem, "PEM");
  const auto response = parse_enroll_response(encode(EnrollResponse{"h", "n", "C", "A"}));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->host_name, "h");
}

struct Refused {
  const char* text;
  ErrorCode code;
  const char* message;
};

TEST(Messages, RefusesWhatIsMalformedAndSaysWhere) {
  const Refused table[] = {
      {"", ErrorCode::kBadRequest, "message is not valid JSON"},
      {"[]", ErrorCode::kBadRequest, "message must be a JSON object"},
      {"{}", ErrorCode::kBadRequest, "type: is missing"},
      {R"({"type":"dance"})", ErrorCode::kUnsupported, "message type 'dance' is not known"},
      {R"({"type":"progress","assignment":{"id":"x","phase":"Odd"}})", ErrorCode::kBadRequest,
       "assignment.phase: is none of the known phases"},
      {R"({"type":"progress","assignment":{"id":7,"phase":"Clean"}})", ErrorCode::kBadRequest,
       "assignment.id: must be a string"},
      {R"({"type":"progress"})", ErrorCode::kBadRequest, "assignment.phase: is missing"},
      {R"({"type":"renew"})", ErrorCode::kBadRequest, "csrPem: is missing"},
      {R"({"type":"hello","os":3,"assignment":{"phase":"Clean"}})", ErrorCode::kBadRequest, "os: must be an object"},
  };
  for (const Refused& row : table) {
    const auto read = parse_agent_message(row.text);
    ASSERT_FALSE(read) << row.text;
    EXPECT_EQ(read.error().code(), row.code) << row.text;
    EXPECT_EQ(read.error().message(), row.message) << row.text;
  }
}

TEST(Messages, RefusesUnknownActionByName) {
  const auto read = parse_server_message(R"({"type":"assignment","assignment":{"id":"a","action":"explode"}})");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(read.error().message(), "assignment.action: 'explode' is not known to this agent");
}

TEST(Messages, BootstrapWithoutContentIsRefused) {
  EXPECT_FALSE(parse_server_message(R"({"type":"assignment","assignment":{"id":"a","action":"bootstrap"}})"));
  EXPECT_FALSE(parse_server_message(R"({"type":"assignment","assignment":{"action":"bootstrap","cloudConfig":"x"}})"));
}

TEST(Messages, TrustIsRead) {
  const auto read = parse_server_message(encode(ServerMessage(Trust{"a\nb\n"})));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(std::get<Trust>(*read).ca_pem, "a\nb\n");
  EXPECT_EQ(parse_server_message(R"({"type":"trust"})").error().message(), "caPem: is missing");
}

TEST(Messages, OversizedMessageIsRefusedUnread) {
  EXPECT_EQ(parse_agent_message(std::string(kMaxMessageBytes + 1, ' ')).error().code(), ErrorCode::kTooLarge);
}

TEST(Messages, ErrorsHoldNoContent) {
  const auto read = parse_enroll_request(R"({"token":"swj_secret", oops)");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message().find("secret"), std::string::npos);
}

TEST(Messages, OutputKeepsItsEndAndStaysText) {
  EXPECT_EQ(bounded_text("abcdef", 3), "def");
  EXPECT_EQ(bounded_text("a\xC3\xA9", 1), "");
  EXPECT_EQ(bounded_text("a\xFF", 9), "a?");
  const Progress flood{{.id = "x", .phase = WorkPhase::kFailed, .output = std::string(1u << 20, 'y')}};
  const auto read = parse_agent_message(encode(AgentMessage(flood)));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(std::get<Progress>(*read).work.output.size(), kMaxOutputBytes);
}

}  // namespace
}  // namespace slipway::agentproto
