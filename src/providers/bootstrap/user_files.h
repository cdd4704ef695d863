#pragma once

#include <vector>

#include "cloudinit/document.h"
#include "control/manager.h"

namespace slipway::providers::bootstrap {

// A file of KThreesConfig.spec.files with its content resolved (contentFrom) and decoded.
using UserFile = cloudinit::WriteFile;

// spec.files of a KThreesConfig in `ns`: content from Secrets looked up, encodings undone. Errors name the file's index
// and path and never hold content: kNotFound for a missing Secret or key, kInvalid, kTooLarge.
base::Result<std::vector<UserFile>> resolve_files(kube::Client& client, const std::string& ns, const data::Json& files);

}  // namespace slipway::providers::bootstrap
