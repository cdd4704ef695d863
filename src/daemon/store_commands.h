#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace slipway::daemon {

// The commands of slipwayd that work on its data folder: snapshot save|restore|verify and encryption rotate. After
// parsing, `chosen` runs the one that was given and returns the exit code; it is empty when none was. `data_folder` is
// the value of --data-dir, which they share with the server.
void add_store_commands(CLI::App& app, const std::string& data_folder, std::function<int()>& chosen);

}  // namespace slipway::daemon
