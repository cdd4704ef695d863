#include "providers/bootstrap/user_files.h"

#include <fmt/core.h>

#include "cloudinit/content_encoding.h"
#include "providers/bootstrap/cluster_secrets.h"

namespace slipway::providers::bootstrap {

using base::Result;
using data::Json;
using meta::ObjectKey;

namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;

Result<std::string> content_of(kube::Client& client, const std::string& ns, const Json& file) {
  const Json& source = file.get({"contentFrom", "secret"});
  if (!source.is_object()) return file.text({"content"});
  const ObjectKey key{ns, source.text({"name"})};
  const auto secret = SLIPWAY_TRY(client.get(kube::kSecret, key).with_context("contentFrom"));
  return secret_value(*secret, source.text({"key"})).with_context(fmt::format("contentFrom Secret '{}'", key.name));
}

Result<UserFile> resolve_file(kube::Client& client, const std::string& ns, const Json& file) {
  UserFile result;
  result.path = file.text({"path"});
  if (!file.text({"owner"}).empty()) result.owner = file.text({"owner"});
  if (!file.text({"permissions"}).empty()) result.permissions = file.text({"permissions"});
  const std::string content = SLIPWAY_TRY(content_of(client, ns, file));
  result.content = SLIPWAY_TRY(
      cloudinit::decode_content(content, file.text({"encoding"}), kMaxFileBytes).with_context("the content"));
  return result;
}

}  // namespace

Result<std::vector<UserFile>> resolve_files(kube::Client& client, const std::string& ns, const Json& files) {
  std::vector<UserFile> result;
  for (std::size_t i = 0; i < files.items().size(); ++i) {
    const Json& file = files.items()[i];
    result.push_back(SLIPWAY_TRY(
        resolve_file(client, ns, file).with_context(fmt::format("spec.files[{}] '{}'", i, file.text({"path"})))));
  }
  return result;
}

}  // namespace slipway::providers::bootstrap
