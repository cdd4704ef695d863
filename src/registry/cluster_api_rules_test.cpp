#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

#include "base/files.h"
#include "data/yaml.h"
#include "registry/custom_resource.h"
#include "registry/schema.h"

// The definitions of Cluster API as their Go module has them; skipped where the module is not in the cache of Go.
namespace slipway::registry {
namespace {

using data::Json;

std::filesystem::path module_folder() {
  const char* cache = std::getenv("GOMODCACHE");
  const char* path = std::getenv("GOPATH");
  const char* home = std::getenv("HOME");
  std::filesystem::path folder = cache != nullptr  ? std::filesystem::path(cache)
                                 : path != nullptr ? std::filesystem::path(path) / "pkg/mod"
                                                   : std::filesystem::path(home != nullptr ? home : "/") / "go/pkg/mod";
  return folder / "sigs.k8s.io/cluster-api@v1.14.2";
}

int count_rules(const Json& schema) {
  int count = static_cast<int>(schema["x-kubernetes-validations"].size());
  for (const auto& [name, member] : schema.members()) count += count_rules(member);
  for (const Json& item : schema.items()) count += count_rules(item);
  return count;
}

TEST(ClusterApiRules, AllCompileWithinTheirEstimates) {
  if (!std::filesystem::exists(module_folder())) GTEST_SKIP() << module_folder() << " is not there";
  int definitions = 0, rules = 0;
  for (const char* part :
       {"core/config/crd/bases", "bootstrap/kubeadm/config/crd/bases", "controlplane/kubeadm/config/crd/bases"})
    for (const auto& entry : std::filesystem::directory_iterator(module_folder() / part)) {
      const auto text = base::read_file(entry.path());
      ASSERT_TRUE(text);
      const auto crd = data::parse_yaml(*text);
      ASSERT_TRUE(crd) << entry.path();
      for (const Json& version : crd->get({"spec", "versions"}).items()) {
        const Json& schema = version.get({"schema", "openAPIV3Schema"});
        const auto compiled = StructuralSchema::compile(schema);
        ASSERT_TRUE(compiled) << entry.path() << ": " << compiled.error().message();
        rules += count_rules(schema);
        for (const UnsupportedRule& rule : (*compiled)->unsupported_rules())
          ADD_FAILURE() << entry.path() << " " << rule.path << ": " << rule.expression << ": " << rule.reason;
      }
      ++definitions;
    }
  EXPECT_GT(definitions, 10);
  EXPECT_GT(rules, 20);
}

}  // namespace
}  // namespace slipway::registry
