#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "data/json.h"

namespace slipway::cluster {

using data::Json;

// The subset of Go's text/template that ClusterClass needs: text with `{{ .path.to.variable }}` actions, trim markers
// included. Everything else (pipelines, functions, if, range) is refused by name with kUnsupported; a variable that is
// not there is kNotFound, where Go would print "<no value>". Numbers are printed in full, where Go prints 1e+06.
base::Result<std::string> render_template(std::string_view text, const Json& variables);

}  // namespace slipway::cluster
