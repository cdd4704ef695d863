#include "apiserver/test_door.h"

// PATCH application/apply-patch+yaml, and the managers of every other write.
namespace slipway::apiserver {
namespace {

using testing::HasSubstr;

class ApplyDoor : public DoorTest {
 protected:
  // `spec` as YAML flow or JSON.
  static std::string configuration(std::string_view spec, std::string_view metadata = "") {
    return fmt::format("apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: a{}}}\nspec: {}\n", metadata, spec);
  }
  static std::string configuration_json(std::string_view spec) {
    return fmt::format(
        R"({{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {{"name": "a"}}, "spec": {}}})", spec);
  }
  FakeResponder apply(const std::string& query, std::string body, std::string_view subresource = "") {
    return send("PATCH", object("a") + std::string(subresource) + query, std::move(body),
                {{"content-type", "application/apply-patch+yaml"}});
  }
  Json refused(int status, const std::string& query, std::string body) {
    const auto answer = apply(query, std::move(body));
    EXPECT_EQ(answer.response.status, status) << answer.response.body;
    return json(answer.response.body);
  }
  std::vector<std::string> managers() {
    std::vector<std::string> out;
    const Json found = ok("GET", object("a"));
    for (const Json& entry : found["metadata"]["managedFields"].items())
      out.push_back(fmt::format("{} {} {} {}", entry.text({"manager"}), entry.text({"operation"}),
                                entry.text({"subresource"}), data::to_json(entry["fieldsV1"])));
    return out;
  }
};

TEST_F(ApplyDoor, CreatesThenMerges) {
  const auto created = apply("?fieldManager=alpha", configuration("{size: 1}"));
  EXPECT_EQ(created.response.status, 201) << created.response.body;
  EXPECT_EQ(managers(), std::vector<std::string>{R"(alpha Apply  {"f:spec":{"f:size":{}}})"});
  const auto merged = apply("?fieldManager=beta", configuration("{color: blue}"));
  EXPECT_EQ(merged.response.status, 200) << merged.response.body;
  EXPECT_EQ(json(merged.response.body)["spec"], json(R"({"size": 1, "color": "blue"})"));
  EXPECT_EQ(managers(), (std::vector<std::string>{R"(alpha Apply  {"f:spec":{"f:size":{}}})",
                                                  R"(beta Apply  {"f:spec":{"f:color":{}}})"}));
}

TEST_F(ApplyDoor, NothingNewWritesNothing) {
  const Json first = json(apply("?fieldManager=alpha", configuration("{size: 1}")).response.body);
  test.clock.advance(std::chrono::hours(1));
  const Json second = json(apply("?fieldManager=alpha", configuration("{size: 1}")).response.body);
  EXPECT_EQ(first, second);
}

TEST_F(ApplyDoor, ConflictsNameTheManagers) {
  make("a");
  ok("PATCH", object("a") + "?fieldManager=left", R"({"spec":{"size":4}})",
     {{"content-type", "application/merge-patch+json"}});
  ok("PATCH", object("a") + "?fieldManager=right", R"({"metadata":{"labels":{"l":"1"}}})",
     {{"content-type", "application/merge-patch+json"}});
  const Json status = refused(409, "?fieldManager=alpha", configuration("{size: 5}", ", labels: {l: '2'}"));
  EXPECT_EQ(status.text({"reason"}), "Conflict");
  EXPECT_EQ(status.text({"message"}),
            "Apply failed with 2 conflicts: conflicts with \"left\" using example.com/v1:\n- .spec.size\n"
            "conflicts with \"right\" using example.com/v1:\n- .metadata.labels.l");
  EXPECT_EQ(status["details"], json(R"({"causes": [
    {"reason": "FieldManagerConflict", "field": ".spec.size", "message": "conflict with \"left\" using example.com/v1"},
    {"reason": "FieldManagerConflict", "field": ".metadata.labels.l",
     "message": "conflict with \"right\" using example.com/v1"}]})"));
  const auto forced = apply("?fieldManager=alpha&force=true", configuration("{size: 5}", ", labels: {l: '2'}"));
  EXPECT_EQ(forced.response.status, 200) << forced.response.body;
}

TEST_F(ApplyDoor, RefusesWithTheWordsOfKubernetes) {
  struct Row {
    int status;
    std::string query, body, message;
  };
  const std::string long_name(129, 'x');
  for (const Row& row : {
           Row{422, "", configuration("{size: 1}"),
               "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"},
           Row{422, "?fieldManager=" + long_name, configuration("{size: 1}"),
               "fieldManager: Too long: may not be more than 128 bytes"},
           Row{422, "?fieldManager=a\x07", configuration("{size: 1}"), "invalid character U+0007 (at position 1)"},
           Row{400, "?fieldManager=x", "a: [", "error decoding YAML: "},
           Row{400, "?fieldManager=x", "{\"a\": 1, \"a\": 2}", "error decoding YAML: "},
           Row{400, "?fieldManager=x", "apiVersion: example.com/v1beta1\nkind: Widget\n",
               "invalid object type: example.com/v1beta1, Kind=Widget"},
           Row{400, "?fieldManager=x", configuration("{size: 1}", ", managedFields: [{manager: x}]"),
               "metadata.managedFields must be nil"},
           Row{500, "?fieldManager=x", configuration("{size: 1, height: 2}"),
               "failed to create typed patch object (/a; example.com/v1, Kind=Widget): .spec.height: field not "
               "declared in schema"},
           Row{500, "?fieldManager=x", configuration("{size: many}"),
               ".spec.size: expected numeric (int or float), got string"},
           Row{400, "?fieldManager=x", configuration("{size: 1}", ", namespace: other"),
               "the namespace of the provided object does not match the namespace sent on the request"},
           Row{409, "?fieldManager=x", configuration("{size: 1}", ", uid: u"),
               "Operation cannot be fulfilled on widgets.example.com \"a\": uid mismatch: the provided object "
               "specified uid u, and no existing object was found"},
           Row{422, "?fieldManager=x", configuration("{size: 1000}"), "Widget.example.com \"a\" is invalid: spec.size"},
       }) {
    const Json status = refused(row.status, row.query, row.body);
    EXPECT_THAT(status.text({"message"}), HasSubstr(row.message)) << row.body;
    EXPECT_EQ(status["code"], Json(row.status));
  }
  const Json wrong_name = refused(400, "?fieldManager=x",
                                  "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: b}\nspec: {size: 1}\n");
  EXPECT_EQ(wrong_name.text({"message"}), "the name of the object (b) does not match the name on the URL (a)");
  EXPECT_THAT(fails(422, "PATCH", object("a") + "?force=true", "{}", {{"content-type", "application/merge-patch+json"}})
                  .text({"message"}),
              HasSubstr("force: Forbidden: may not be specified for non-apply patch"));
}

TEST_F(ApplyDoor, AStatusOfItsOwn) {
  make("a");
  const auto applied =
      apply("?fieldManager=reporter", configuration("{size: 8}") + "status: {phase: Ready}\n", "/status");
  EXPECT_EQ(applied.response.status, 200) << applied.response.body;
  EXPECT_EQ(json(applied.response.body)["spec"]["size"], Json(1));
  EXPECT_EQ(managers().front(), R"(reporter Apply status {"f:status":{"f:phase":{}}})");
  const auto missing =
      send("PATCH", object("b") + "/status?fieldManager=x", "apiVersion: example.com/v1\nkind: Widget\n",
           {{"content-type", "application/apply-patch+yaml"}});
  EXPECT_EQ(missing.response.status, 404);
}

TEST_F(ApplyDoor, ProgramsAreNamedByTheirAgent) {
  ok("POST", std::string(kWidgets), data::to_json(registry::widget("a")),
     {{"user-agent", "kubectl/v1.36.3 (linux/amd64)"}});
  EXPECT_EQ(managers(), std::vector<std::string>{R"(kubectl Update  {"f:spec":{".":{},"f:color":{},"f:size":{}}})"});
}

TEST_F(ApplyDoor, HandsOverFromClientSideApply) {
  const auto with_annotation = [](std::string_view spec) {
    Json object = json(configuration_json(spec));
    const std::string text = data::to_json(object) + "\n";
    object.at({"metadata", "annotations"}).set("kubectl.kubernetes.io/last-applied-configuration", text);
    return data::to_json(object);
  };
  ok("POST", std::string(kWidgets) + "?fieldManager=kubectl-client-side-apply",
     with_annotation(R"({"size": 1, "parts": ["x"]})"));
  // kubectl's own fields do not conflict with it, another manager's name would.
  EXPECT_EQ(refused(409, "?fieldManager=other", configuration("{size: 2}")).text({"reason"}), "Conflict");
  const auto applied = apply("?fieldManager=kubectl", configuration("{size: 2}"));
  ASSERT_EQ(applied.response.status, 200) << applied.response.body;
  const Json object = json(applied.response.body);
  EXPECT_EQ(object["spec"]["size"], Json(2));
  EXPECT_EQ(object.text({"metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"}),
            "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"a\"},\"spec\":{\"size\":"
            "2}}\n");
}

TEST_F(ApplyDoor, ObjectsFromBeforeTrackingGetAManager) {
  Json object = make("a");
  object.at("metadata").set("managedFields", json("[{}]"));
  ok("PUT", DoorTest::object("a"), data::to_json(object));
  EXPECT_TRUE(managers().empty());
  EXPECT_EQ(apply("?fieldManager=x", configuration("{color: red}")).response.status, 200);
  EXPECT_EQ(managers(),
            (std::vector<std::string>{R"(x Apply  {"f:spec":{"f:color":{}}})",
                                      R"(before-first-apply Update  {"f:spec":{".":{},"f:color":{},"f:size":{}}})"}));
}

}  // namespace
}  // namespace slipway::apiserver
