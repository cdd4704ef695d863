#include <algorithm>
#include <map>
#include <regex>

#include "data/json_text.h"
#include "real/cluster_api.h"

namespace slipway::real {

using data::Json;

namespace {

constexpr const char* kTypes =
    "clusterclasses,clusters,machinedeployments,machinesets,machines,kubeadmcontrolplanes,kubeadmcontrolplanetemplates,"
    "kubeadmconfigs,kubeadmconfigtemplates,intelclusters,intelclustertemplates,intelmachines,intelmachinetemplates";

// What differs from run to run in a text: random ends of names, hashes over them, times.
std::string without_chance(std::string text) {
  static const std::regex kRandom("-[bcdfghjklmnpqrstvwxz2456789]{5}\\b"), kHash("\\b\\d{7,10}-\\?\\?\\?\\?\\?"),
      kTime("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ"), kPort("127\\.0\\.0\\.1:\\d+");
  text = std::regex_replace(text, kRandom, "-?????");
  text = std::regex_replace(text, kHash, "HASH-?????");
  text = std::regex_replace(text, kTime, "TIME");
  return std::regex_replace(text, kPort, "127.0.0.1:PORT");
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

std::string identity(const Json& object) {
  return object.text({"kind"}) + "/" + object.text({"metadata", "name"});
}

// What two controllers write in which order is chance: managers are sorted, finalizers too, and a condition does not
// say which generation its controller last saw.
void settle_order_of_writers(Json& object) {
  if (object.get({"status", "conditions"}).is_array())
    for (Json& condition : object.at({"status", "conditions"}).mutable_items()) condition.erase("observedGeneration");
  Json& metadata = object.at("metadata");
  if (metadata.contains("finalizers"))
    std::ranges::sort(metadata.at("finalizers").mutable_items(), {}, &Json::string_or_empty);
  std::ranges::sort(metadata.at("managedFields").mutable_items(), {}, [](const Json& entry) {
    return entry.text({"manager"}) + entry.text({"operation"}) + entry.text({"subresource"});
  });
}

}  // namespace

std::vector<std::string> ClusterApi::objects() {
  const auto found = list(kTypes);
  std::map<std::string, std::string> names;  // of uids
  for (const Json& object : found) names[object.text({"metadata", "uid"})] = "uid of " + identity(object);
  std::vector<std::string> out;
  for (Json object : found) {
    object.at("metadata").erase("resourceVersion");
    settle_order_of_writers(object);
    std::string text = identity(object) + "\n" + data::to_json(object, 1);
    for (const auto& [uid, name] : names) replace_all(text, uid, name);
    out.push_back(without_chance(std::move(text)));
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace slipway::real
