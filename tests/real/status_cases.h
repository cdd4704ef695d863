#pragma once

#include <string>
#include <string_view>
#include <vector>

// Requests that an API server refuses or warns about, for a comparison of the answers of two servers
// (status_oracle_test.cpp). They run in order: an earlier one may make what a later one is about.
namespace slipway::real {

struct StatusCase {
  std::string name;
  std::string method;
  std::string path;
  std::string body = "";
  std::string content_type = "application/json";
  std::vector<std::string> headers = {};  // further ones, "Name: value"
  bool anonymous = false;
  // Why slipwayd answers otherwise on purpose, or because of a limit that docs/compatibility.md names; "" = the same.
  // A row that has it and is the same fails, too.
  std::string difference = "";
  bool same_reason = false;  // but HTTP status, reason and code are the same
};

// Writes the differences of status_differences.cpp into the rows; those that are about no row come back.
std::vector<std::string> note_differences(std::vector<StatusCase>& rows);

// What the cases stand on: namespaces, objects, definitions. Each must succeed on both servers.
std::vector<StatusCase> status_preparations();

std::vector<StatusCase> object_status_cases();      // not found, already exists, conflict, preconditions
std::vector<StatusCase> validation_status_cases();  // of built-in kinds
std::vector<StatusCase> definition_status_cases();  // of custom resources: schema, rules, lists
std::vector<StatusCase> request_status_cases();     // bodies, parameters, media types, methods
std::vector<StatusCase> patch_status_cases();       // patches, apply, strict field validation
std::vector<StatusCase> access_status_cases();      // 401, 403, escalation, namespaces that end

constexpr std::string_view kCaseNamespace = "/api/v1/namespaces/cases";
constexpr std::string_view kCaseConfigMaps = "/api/v1/namespaces/cases/configmaps";
constexpr std::string_view kCaseSecrets = "/api/v1/namespaces/cases/secrets";
constexpr std::string_view kCaseSamples = "/apis/cases.example.com/v1/namespaces/cases/samples";
constexpr std::string_view kMergePatch = "application/merge-patch+json";
constexpr std::string_view kJsonPatch = "application/json-patch+json";
constexpr std::string_view kStrategicPatch = "application/strategic-merge-patch+json";
constexpr std::string_view kApplyPatch = "application/apply-patch+yaml";

}  // namespace slipway::real
