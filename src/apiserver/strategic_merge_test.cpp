#include "apiserver/strategic_merge.h"

#include <gtest/gtest.h>

#include "registry/test_registry.h"

namespace slipway::apiserver {
namespace {

using registry::json;

// "conditions" by type, "tags" a set, "list" whole.
const data::Json& schema() {
  static const data::Json text = json(R"({"type":"object","properties":{"status":{"type":"object","properties":{
    "conditions":{"type":"array","x-kubernetes-patch-strategy":"merge","x-kubernetes-patch-merge-key":"type",
      "items":{"type":"object","properties":{"tags":{"type":"array","x-kubernetes-list-type":"set"}}}},
    "ports":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["port"]},
    "list":{"type":"array"}}}}})");
  return text;
}

TEST(StrategicMerge, Table) {
  struct Row {
    std::string_view target, patch, result;
  };
  for (const Row& row : {
           Row{R"({"data":{"a":"1"}})", R"({"data":{"b":"2"}})", R"({"data":{"a":"1","b":"2"}})"},
           Row{R"({"data":{"a":"1"}})", R"({"data":{"a":null}})", R"({"data":{}})"},
           Row{R"({"data":{"a":"1"}})", R"({"data":{"$patch":"replace","b":"2"}})", R"({"data":{"b":"2"}})"},
           Row{R"({"data":{"a":"1","b":"2"}})", R"({"data":{"$retainKeys":["b"]}})", R"({"data":{"b":"2"}})"},
           Row{R"({"metadata":{"finalizers":["x"]}})", R"({"metadata":{"finalizers":["y","x"]}})",
               R"({"metadata":{"finalizers":["x","y"]}})"},
           Row{R"({"metadata":{"finalizers":["x","y"]}})",
               R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["x"],"$setElementOrder/finalizers":["y"]}})",
               R"({"metadata":{"finalizers":["y"]}})"},
           Row{R"({"metadata":{"finalizers":["a","b"]}})",
               R"({"metadata":{"finalizers":["c"],"$setElementOrder/finalizers":["c","b"]}})",
               R"({"metadata":{"finalizers":["c","a","b"]}})"},
           Row{R"({"metadata":{"ownerReferences":[{"uid":"1","name":"a"}]}})",
               R"({"metadata":{"ownerReferences":[{"uid":"1","name":"b"},{"uid":"2"}]}})",
               R"({"metadata":{"ownerReferences":[{"name":"b","uid":"1"},{"uid":"2"}]}})"},
           Row{R"({"metadata":{"ownerReferences":[{"uid":"1"},{"uid":"2"}]}})",
               R"({"metadata":{"ownerReferences":[{"uid":"1","$patch":"delete"}]}})",
               R"({"metadata":{"ownerReferences":[{"uid":"2"}]}})"},
           Row{R"({"metadata":{"ownerReferences":[{"uid":"1"}]}})",
               R"({"metadata":{"ownerReferences":[{"$patch":"replace"},{"uid":"3"}]}})",
               R"({"metadata":{"ownerReferences":[{"uid":"3"}]}})"},
           Row{R"({"status":{"list":[1,2]}})", R"({"status":{"list":[3]}})", R"({"status":{"list":[3]}})"},
           Row{R"({"status":{"conditions":[{"type":"A","tags":["x"]},{"type":"B"}]}})",
               R"({"status":{"conditions":[{"type":"A","tags":["y"],"status":"True"}]}})",
               R"({"status":{"conditions":[{"type":"A","tags":["x","y"],"status":"True"},{"type":"B"}]}})"},
           Row{R"({"status":{"conditions":[{"type":"A"},{"type":"B"},{"type":"C"}]}})",
               R"({"status":{"conditions":[{"type":"D"}],
                 "$setElementOrder/conditions":[{"type":"D"},{"type":"C"},{"type":"A"}]}})",
               R"({"status":{"conditions":[{"type":"D"},{"type":"B"},{"type":"C"},{"type":"A"}]}})"},
           Row{R"({"status":{"ports":[{"port":1,"a":1}]}})", R"({"status":{"ports":[{"port":1,"b":2},{"port":2}]}})",
               R"({"status":{"ports":[{"port":1,"a":1,"b":2},{"port":2}]}})"},
           Row{R"({"unknown":{"list":[1]}})", R"({"unknown":{"list":[2]}})", R"({"unknown":{"list":[2]}})"},
       })
    EXPECT_EQ(*strategic_merge(json(row.target), json(row.patch), schema()), json(row.result)) << row.patch;
  EXPECT_FALSE(strategic_merge(json("{}"), json(R"({"$patch":"explode"})"), schema()));
  EXPECT_FALSE(strategic_merge(json("{}"), json(R"({"metadata":{"ownerReferences":[{"name":"a"}]}})"), schema()));
  EXPECT_FALSE(strategic_merge(json("{}"), json("[]"), schema()));
}

}  // namespace
}  // namespace slipway::apiserver
