#include "standalone/schema.h"

#include "standalone/schema_parts.h"

namespace slipway::standalone {

const Schema& configuration_schema() {
  static constexpr Schema kVersion{.type = Schema::Type::kVersion, .description = "Version of this format: 1.0."};
  static const Field fields[] = {{"version", &kVersion, true},
                                 {"operatingSystem", &operating_system_schema()},
                                 {"kubernetes", &kubernetes_schema(), true}};
  static const Schema top{.type = Schema::Type::kObject,
                          .description = "Configuration of a standalone edge node (cluster-bootstrapper).",
                          .fields = fields};
  return top;
}

std::string_view note_on_key(std::string_view key) {
  constexpr std::pair<std::string_view, std::string_view> kNotes[] = {
      {"contentFrom", "there are no Secrets before the cluster; write the text as 'content'"},
      {"append", "a file is written as a whole; give all of its content"},
      {"defer", "files are written when users exist; remove it"},
      {"machineTemplate", "it is for clusters of an orchestrator; remove it"},
      {"remediationStrategy", "it is for clusters of an orchestrator; remove it"},
      {"rolloutAfter", "it is for clusters of an orchestrator; remove it"},
      {"rolloutStrategy", "it is for clusters of an orchestrator; remove it"},
      {"replicas", "a standalone node is one server; remove it"},
      {"status", "it is written by controllers; remove it"},
      {"token", "K3s makes its own token; remove it"},
      {"user_name", "this is the older format; convert the file: cluster-bootstrapper convert OLD -out NEW"},
      {"http_proxy", "this is the older format; convert the file: cluster-bootstrapper convert OLD -out NEW"},
      {"ssh_key", "this is the older format; convert the file: cluster-bootstrapper convert OLD -out NEW"},
      {"write_files", "this is the older format; convert the file: cluster-bootstrapper convert OLD -out NEW"},
      {"runcmd", "write the commands as preK3sCommands or postK3sCommands"},
      {"<<", "merge keys are not allowed; write the fields out"}};
  for (const auto& [name, note] : kNotes)
    if (name == key) return note;
  return {};
}

}  // namespace slipway::standalone
