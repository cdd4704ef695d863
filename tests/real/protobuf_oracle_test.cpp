#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

#include "apiserver/protobuf_body.h"
#include "base/subprocess.h"
#include "data/encoding.h"
#include "data/json_text.h"

// Bodies in protobuf beside the JSON that the same Go types write (tests/real/oracles/protobuf): random objects of
// every kind that is read as protobuf, every field of them. SLIPWAY_PROTOBUF_OBJECTS and SLIPWAY_PROTOBUF_SEED say how
// many of each and which.
namespace slipway::real {
namespace {

using data::Json;

std::string setting(const char* variable, const char* fallback) {
  const char* text = std::getenv(variable);
  return text != nullptr ? text : fallback;
}

// Go says some members without a value, and not the same ones in both forms; all readers take them as absent.
void drop_empty(Json& value) {
  if (value.is_array())
    for (Json& item : value.mutable_items()) drop_empty(item);
  if (!value.is_object()) return;
  for (auto& [name, member] : value.mutable_members()) drop_empty(member);
  std::erase_if(value.mutable_members(), [](const auto& entry) {
    const Json& member = entry.second;
    return member.is_null() || (!member.is_bool() && !member.is_number() && member.empty());
  });
}

// A client says nothing in the status of a question, and nobody reads it there.
bool is_question(const Json& object) {
  const std::string& group = object["apiVersion"].string_or_empty();
  return group.starts_with("authorization.k8s.io/") || group.starts_with("authentication.k8s.io/");
}

TEST(ProtobufOracle, BodiesAreReadAsTheSameJson) {
  const std::string program = std::string(SLIPWAY_SOURCE_FOLDER) + "/build/real/bin/protobuf-oracle";
  if (!std::filesystem::exists(program)) GTEST_SKIP() << "no protobuf-oracle; tests/real/build-oracles makes it";
  const auto result = base::run_process({.argv = {program, "-count", setting("SLIPWAY_PROTOBUF_OBJECTS", "50"), "-seed",
                                                  setting("SLIPWAY_PROTOBUF_SEED", "1")},
                                         .output_limit = 1u << 30});
  ASSERT_TRUE(result && result->exit_code == 0) << (result ? result->standard_error : result.error().message());
  std::istringstream lines(result->standard_output);
  std::map<std::string, int> compared;
  std::string kind, encoded, text;
  while (lines >> kind >> encoded && std::getline(lines >> std::ws, text)) {
    auto from_protobuf = apiserver::read_protobuf(*data::base64_decode(encoded));
    auto from_json = data::parse_json(text);
    ASSERT_TRUE(from_protobuf) << kind << ": " << from_protobuf.error().message();
    ASSERT_TRUE(from_json) << kind << ": " << from_json.error().message();
    if (is_question(*from_json)) from_json->erase("status");
    drop_empty(*from_protobuf);
    drop_empty(*from_json);
    ASSERT_EQ(data::to_json(*from_protobuf, 1), data::to_json(*from_json, 1)) << kind << " " << encoded;
    ++compared[kind + " of " + (*from_json)["apiVersion"].string_or_empty()];
  }
  EXPECT_EQ(compared.size(), 22u);
}

}  // namespace
}  // namespace slipway::real
