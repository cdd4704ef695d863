#pragma once

#include "cloudinit/document.h"

// What both directions demand of a document's parts. Internal to cloudinit.
namespace slipway::cloudinit {

// kInvalid names what is wrong: a relative or unnormalised path, an unreadable owner, permissions that are not octal.
base::Status check_file(const WriteFile& file);
base::Status check_command(const Command& command);

}  // namespace slipway::cloudinit
