#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apiserver/resource_request.h"

// The parameters of writing requests, and the warnings their answers carry.
namespace slipway::apiserver {

// `CreateOptions.meta.k8s.io "" is invalid: ...`; `options` is the kind the parameter belongs to.
base::Error invalid_option(std::string_view options, base::FieldError error);
// dryRun, which may stand several times: "" or "All".
base::Result<bool> dry_run(const net::HttpRequest& http, std::string_view options);
base::Result<bool> dry_run_of(const data::Json& stages, std::string_view options);  // of a list in a body
// Everything that CreateOptions, UpdateOptions or PatchOptions say about the write itself.
base::Result<registry::WriteOptions> write_options(const ResourceRequest& request, std::string_view options);

base::Result<FieldValidation> field_validation(const net::HttpRequest& http, std::string_view options);

// RFC 7234 Warning headers, as kubectl prints them.
void add_warnings(net::HttpResponse& response, const std::vector<std::string>& warnings);

}  // namespace slipway::apiserver
