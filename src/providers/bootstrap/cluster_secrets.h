#pragma once

#include <string>
#include <string_view>

#include "control/manager.h"
#include "pki/certificate.h"

// The Secrets that make a cluster one: its certificate authorities and its join token. They are made once, before the
// first server, and never changed here; a user may bring them along.
namespace slipway::providers::bootstrap {

using data::Json;
using meta::ObjectKey;

struct ClusterAuthorities {
  pki::KeyAndCertificate server;  // Secret <cluster>-ca
  pki::KeyAndCertificate client;  // Secret <cluster>-cca
  pki::KeyAndCertificate etcd;    // Secret <cluster>-etcd
};

// Reads them, or makes and saves what is missing, owned by `owner` (the control plane). kCorrupt when a Secret is there
// but its key and certificate do not belong together.
base::Result<ClusterAuthorities> ensure_authorities(control::Manager& manager, const ObjectKey& cluster,
                                                    const Json& owner);
// kNotFound while one is missing.
base::Result<ClusterAuthorities> read_authorities(control::Manager& manager, const ObjectKey& cluster);

// Secret <cluster>-token: 32 hexadecimal digits.
base::Result<std::string> ensure_token(control::Manager& manager, const ObjectKey& cluster, const Json& owner);
base::Result<std::string> read_token(control::Manager& manager, const ObjectKey& cluster);

// A Secret of Cluster API's type with the cluster's label, and one value in it.
Json make_cluster_secret(const ObjectKey& key, std::string_view cluster_name, const Json& owner);
// The decoded value of a Secret's key; kNotFound when it has none, kCorrupt when it is no base64.
base::Result<std::string> secret_value(const Json& secret, std::string_view key);

}  // namespace slipway::providers::bootstrap
