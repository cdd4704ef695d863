#pragma once

#include <string_view>

#include "cloudinit/document.h"

// What both directions demand of a document's parts. Internal to cloudinit.
namespace slipway::cloudinit {

// kInvalid names what is wrong: a relative or unnormalised path, an unreadable owner, permissions that are not octal.
base::Status check_file(const WriteFile& file);
base::Status check_command(const Command& command);
base::Status check_user(const User& user);
// Host names and time zones: nothing that a shell or a path would take for more than a name.
base::Status check_name(std::string_view name, std::string_view what);

}  // namespace slipway::cloudinit
