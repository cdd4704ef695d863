#include "apiserver/protobuf_body.h"

#include <bit>
#include <gtest/gtest.h>

#include "data/json_text.h"

// The tables as a whole are compared with what Go writes in tests/real/protobuf_oracle_test.cpp.
namespace slipway::apiserver {
namespace {

using base::ErrorCode;

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7f));
  return out + static_cast<char>(value);
}
std::string field(std::uint32_t number, const std::string& bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string integer(std::uint32_t number, std::uint64_t value) {
  return varint(number << 3) + varint(value);
}
std::string number(std::uint32_t at, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  std::string out = varint(at << 3 | 1);
  for (int i = 0; i < 8; ++i) out += static_cast<char>(bits >> (8 * i));
  return out;
}

// A definition whose only version has this schema.
std::string definition(const std::string& schema) {
  const std::string spec = field(7, field(4, field(1, schema)));
  return std::string("k8s\0", 4) +
         field(1, field(1, "apiextensions.k8s.io/v1") + field(2, "CustomResourceDefinition")) +
         field(2, field(2, spec));
}

base::Result<data::Json> schema_of(const std::string& schema) {
  const data::Json object = SLIPWAY_TRY(read_protobuf(definition(schema)));
  return object["spec"]["versions"].items().front()["schema"]["openAPIV3Schema"];
}

TEST(ProtobufBody, SchemasAsJsonHasThem) {
  const std::string text = field(5, "string");
  struct Row {
    std::string schema;
    std::string json;
  };
  for (const Row& row : {
           Row{field(5, "object") + field(29, field(1, "a") + field(2, text)),
               R"({"properties":{"a":{"type":"string"}},"type":"object"})"},
           Row{field(29, field(1, "empty")), R"({"properties":{"empty":{}}})"},
           Row{field(24, field(1, text)), R"({"items":{"type":"string"}})"},
           Row{field(24, field(2, text) + field(2, text)), R"({"items":[{"type":"string"},{"type":"string"}]})"},
           Row{field(30, integer(1, 1) + field(2, text)), R"({"additionalProperties":{"type":"string"}})"},
           Row{field(30, integer(1, 1)), R"({"additionalProperties":true})"},
           Row{field(30, integer(1, 0)), R"({"additionalProperties":false})"},
           Row{field(30, ""), R"({"additionalProperties":false})"},
           Row{field(32, field(1, "a") + field(2, field(2, "b"))), R"({"dependencies":{"a":["b"]}})"},
           Row{field(8, field(1, R"({"b":1,"a":[null]})")), R"({"default":{"a":[null],"b":1}})"},
           Row{field(8, ""), R"({"default":null})"},
           Row{field(20, field(1, "1")) + field(20, field(1, "\"x\"")), R"({"enum":[1,"x"]})"},
           Row{number(9, 5) + number(11, 0.25) + number(19, 1e20),
               R"({"maximum":5,"minimum":0.25,"multipleOf":1e+20})"},
           Row{integer(10, 0) + integer(13, 0) + integer(38, 0),
               R"({"maxLength":0,"x-kubernetes-preserve-unknown-fields":false})"},
       }) {
    const auto schema = schema_of(row.schema);
    ASSERT_TRUE(schema) << row.json << ": " << schema.error().message();
    EXPECT_EQ(data::to_json(*schema), row.json);
  }
}

TEST(ProtobufBody, BrokenSchemasAreRefused) {
  for (const std::string& schema : {
           integer(5, 1),                           // a text that is a number
           field(9, "12345678"),                    // a number that is bytes
           varint(9 << 3 | 1) + "1234",             // half a number
           field(8, field(1, "{")),                 // a default that is no JSON
           field(8, field(1, R"({"a":1,"a":2})")),  // or says a key twice
           field(29, integer(2, 1)),                // a property that is no message
           integer(24, 1),
           field(5, "\xff"),
       }) {
    const auto read = schema_of(schema);
    ASSERT_FALSE(read) << data::to_json(*read);
    EXPECT_EQ(read.error().code(), ErrorCode::kBadRequest) << read.error().message();
  }
}

TEST(ProtobufBody, NestsNoDeeperThanJson) {
  const auto nested = [](int levels) {
    std::string schema = field(5, "string");
    for (int level = 0; level < levels; ++level) schema = field(28, schema);  // not
    return schema;
  };
  EXPECT_TRUE(schema_of(nested(100)));
  const auto deep = schema_of(nested(200));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().message(), "the body nests deeper than 128 levels");
  EXPECT_FALSE(schema_of(nested(20'000)));
}

}  // namespace
}  // namespace slipway::apiserver
