#include "providers/controlplane/admission.h"

#include <gtest/gtest.h>

#include "data/json_text.h"

namespace slipway::providers::controlplane {
namespace {

TEST(ControlPlaneAdmission, NamesTheFieldThatIsWrong) {
  struct Row {
    std::string_view spec;
    std::vector<std::string> fields;
  };
  for (
      const Row& row : {
          Row{R"({"replicas":1,"version":"v1.36.3+k3s1"})", {}},
          Row{R"({"version":"v1.36.3+k3s1","machineTemplate":{"nodeDrainTimeout":"1h30m","nodeDeletionTimeout":"0s"}})",
              {}},
          Row{R"({"replicas":0,"version":"v1.36.3+k3s1"})", {"spec.replicas"}},
          Row{R"({"replicas":3,"version":"1.36"})", {"spec.replicas", "spec.version"}},
          Row{R"({"replicas":1})", {"spec.version"}},
          Row{R"({"version":"v1.36.3+k3s1","machineTemplate":{"nodeDrainTimeout":"90"}})",
              {"spec.machineTemplate.nodeDrainTimeout"}},
          Row{R"({"version":"v1.36.3+k3s1","machineTemplate":{"nodeVolumeDetachTimeout":"-1m"}})",
              {"spec.machineTemplate.nodeVolumeDetachTimeout"}},
      }) {
    data::Json object = data::Json::object();
    object.set("spec", *data::parse_json(row.spec));
    const base::Status checked = check_control_plane(object);
    EXPECT_EQ(checked.has_value(), row.fields.empty()) << row.spec;
    if (checked) continue;
    EXPECT_EQ(checked.error().code(), base::ErrorCode::kInvalid);
    std::vector<std::string> fields;
    for (const base::FieldError& error : checked.error().fields()) {
      fields.push_back(error.field);
      EXPECT_NE(checked.error().message().find(error.field + ": " + error.message), std::string::npos);
    }
    EXPECT_EQ(fields, row.fields) << row.spec;
  }
}

}  // namespace
}  // namespace slipway::providers::controlplane
