#include "standalone/schema.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <set>

#include "base/files.h"
#include "data/json_text.h"
#include "standalone/formats.h"
#include "standalone/json_schema.h"

namespace slipway::standalone {
namespace {

void collect(const Schema& schema, std::set<std::string>& names) {
  if (schema.items != nullptr) collect(*schema.items, names);
  for (const Field& field : schema.fields) {
    names.emplace(field.name);
    collect(*field.schema, names);
  }
}

TEST(Schema, EveryFieldIsInTheReference) {
  const auto text = base::read_file(std::string(SLIPWAY_DOCS_FOLDER) + "/standalone-config.md");
  ASSERT_TRUE(text);
  std::set<std::string> names;
  collect(configuration_schema(), names);
  EXPECT_GT(names.size(), 60u);
  for (const std::string& name : names) {
    const bool found = text->find("`" + name) != text->npos || text->find("." + name + "`") != text->npos;
    EXPECT_TRUE(found) << name << " is missing in docs/standalone-config.md";
  }
}

// Editors show the description; a field without one is of no help.
void expect_descriptions(const Schema& schema, const std::string& path) {
  EXPECT_FALSE(schema.description.empty()) << path;
  EXPECT_FALSE(schema.type == Schema::Type::kText && !schema.is_block && !schema.check && schema.words.empty()) << path;
  if (schema.items != nullptr) expect_descriptions(*schema.items, path + "[]");
  for (const Field& field : schema.fields) expect_descriptions(*field.schema, fmt::format("{}.{}", path, field.name));
}

TEST(Schema, EveryFieldHasADescriptionAndACheck) {
  expect_descriptions(configuration_schema(), "");
}

// Every example that an editor offers passes the checker.
void expect_examples(const Schema& schema) {
  const bool is_whole = !schema.example.empty() && schema.example.find("...") == schema.example.npos;
  EXPECT_FALSE(is_whole && schema.check != nullptr && schema.check(schema.example)) << schema.example;
  if (schema.items != nullptr) expect_examples(*schema.items);
  for (const Field& field : schema.fields) expect_examples(*field.schema);
}

TEST(Schema, ExamplesAreRight) {
  expect_examples(configuration_schema());
}

TEST(Schema, TheCopyForEditorsIsUpToDate) {
  const auto copy = base::read_file(std::string(SLIPWAY_API_FOLDER) + "/standalone/config.schema.json");
  ASSERT_TRUE(copy);
  EXPECT_EQ(*copy, json_schema_text())
      << "write it again: cluster-bootstrapper schema -out api/standalone/config.schema.json";
}

TEST(Schema, IsPublishedAsJsonSchema) {
  const auto schema = data::parse_json(json_schema_text());
  ASSERT_TRUE(schema);
  EXPECT_EQ(schema->text({"$schema"}), "https://json-schema.org/draft/2020-12/schema");
  EXPECT_FALSE((*schema)["additionalProperties"].bool_or(true));
  const data::Json& file = schema->get({"properties", "operatingSystem", "properties", "files", "items"});
  EXPECT_EQ(file["required"].items()[0].string_or_empty(), "path");
  EXPECT_FALSE(file.text({"properties", "path", "description"}).empty());
}

TEST(Formats, Networks) {
  for (const char* good : {"10.42.0.0/16", "fd00:42::/56", "10.42.0.0/16,fd00:42::/56", "192.168.0.0/24"})
    EXPECT_FALSE(check_networks(good)) << good;
  for (const char* bad :
       {"", "10.42.0.0", "10.42.0.0/", "10.42.0.0/33", "10.42.0.0/08", "010.42.0.0/16", "10.42.0.0/16,", "x/8",
        "10.42.0.1/16", "0.0.0.0/0", "fe80::/64", "::/0", "10.42.0.0/16 ", "10.42.0.0/+8"})
    EXPECT_TRUE(check_networks(bad)) << bad;
}

TEST(Formats, HostsAndUrls) {
  for (const char* good :
       {"http://proxy:80", "https://user:p%40ss@proxy.example.com:8080/", "socks5://[fd00::1]:1080", "http://10.0.0.1"})
    EXPECT_FALSE(check_proxy_url(good)) << good;
  for (const char* bad : {"proxy:80", "ftp://proxy", "http://", "http://proxy:0", "http://proxy:", "http://pro xy",
                          "http://proxy/'x'", "http://proxy:80/\nrm", "http://[fd00::1", "http://a;b"})
    EXPECT_TRUE(check_proxy_url(bad)) << bad;
  for (const char* good : {"localhost,127.0.0.1,10.0.0.0/8,.example.com", "*", "*.example.com,a:8080", "fd00::/8"})
    EXPECT_FALSE(check_no_proxy(good)) << good;
  for (const char* bad : {"", "a b", ",", "a,,b", "http://a", "a/b", "$(x)"}) EXPECT_TRUE(check_no_proxy(bad)) << bad;
}

TEST(Formats, Paths) {
  for (const char* good : {"/etc/a", "/var/lib/x y", "/etc/..a", "/var/runner/a", "/etc/ü"})
    EXPECT_FALSE(check_file_path(good)) << good;
  for (const char* bad : {"", "/", "/etc", "/etc/", "/etcetera/a", "/etc/..", "/etc/../etc/a", "/etc/./a", "/etc/a\nb",
                          "/etc/a ", "/var/run", "/var/run/a", "/var/lock/x", "/etc/rancher/k3s/config.yaml", "/proc/a",
                          "etc/a", "/var/lib/rancher/slipway-standalone/applied"})
    EXPECT_TRUE(check_file_path(bad)) << bad;
}

TEST(Formats, Suggestions) {
  const std::vector<std::string_view> words{"clusterCidr", "serviceCidr", "clusterDNS"};
  EXPECT_EQ(nearest("clusterCIDR", words), "clusterCidr");
  EXPECT_EQ(nearest("clsuterCidr", words), "clusterCidr");
  EXPECT_EQ(nearest("podCidr", words), "");
  EXPECT_EQ(nearest("", words), "");
  EXPECT_EQ(nearest(std::string(5000, 'c'), words), "");
}

}  // namespace
}  // namespace slipway::standalone
