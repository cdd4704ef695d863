#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace slipway::daemon {

// The commands about the certificate authority: ca show|announce|replace|forget, beside a running slipwayd or a stopped
// one. `chosen` and `data_folder` as for add_store_commands.
void add_authority_commands(CLI::App& app, const std::string& data_folder, std::function<int()>& chosen);

}  // namespace slipway::daemon
