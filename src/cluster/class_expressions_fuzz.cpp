#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cluster/text_template.h"
#include "cluster/variable_path.h"

// Templates and variable paths come from whoever may write a ClusterClass. Text without {{ must come out as it went in.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace slipway;
  static const data::Json variables = data::Json::object(
      {{"a", data::Json::object({{"b", data::Json::array({1, data::Json::object({{"c", "text"}})})}})}, {"d", true}});
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  (void)cluster::find_variable(variables, text);
  const auto rendered = cluster::render_template(text, variables);
  if (text.find("{{") == std::string_view::npos && (!rendered || *rendered != text)) std::abort();
  return 0;
}
