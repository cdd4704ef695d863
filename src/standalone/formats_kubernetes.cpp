#include <algorithm>
#include <fmt/core.h>

#include "data/kubernetes_version.h"
#include "standalone/formats.h"

namespace slipway::standalone {

namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A label's value, or the name part of its key.
bool is_qualified_word(std::string_view text) {
  return text.size() <= 63 && !text.empty() && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_label_key(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return is_qualified_word(text);
  return !check_domain(text.substr(0, slash)) && is_qualified_word(text.substr(slash + 1));
}

bool is_label_value(std::string_view text) {
  return text.empty() || is_qualified_word(text);
}

struct Argument {
  std::string_view name, value;
  bool has_value = false;
};

// K3s takes --name=value, name=value, name+=value (append) and name-=value (prepend).
Argument split_argument(std::string_view text) {
  for (int i = 0; i < 2 && text.starts_with('-'); ++i) text.remove_prefix(1);
  const auto equal = text.find('=');
  Argument argument{text.substr(0, equal), {}, equal != text.npos};
  if (argument.has_value) argument.value = text.substr(equal + 1);
  if (argument.has_value && (argument.name.ends_with('+') || argument.name.ends_with('-')))
    argument.name.remove_suffix(1);
  return argument;
}

std::optional<Complaint> check_cipher_suites(std::string_view value) {
  const auto names = split_list(value);
  for (const std::string_view name : names) {
    if (is_cipher_suite(name)) continue;
    const std::string word = nearest(name, cipher_suites());
    return Complaint{fmt::format("{} is no cipher suite that Kubernetes knows", shown(name)),
                     word.empty() ? "use names such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, with ',' and no blanks"
                                  : fmt::format("did you mean '{}'?", word)};
  }
  return std::nullopt;
}

}  // namespace

const std::vector<std::string_view>& cipher_suites() {
  // crypto/tls: CipherSuites() and InsecureCipherSuites() of Go 1.23.
  static const std::vector<std::string_view> suites{"TLS_AES_128_GCM_SHA256",
                                                    "TLS_AES_256_GCM_SHA384",
                                                    "TLS_CHACHA20_POLY1305_SHA256",
                                                    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
                                                    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
                                                    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                                                    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
                                                    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                                                    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
                                                    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                                                    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
                                                    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
                                                    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
                                                    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
                                                    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                                                    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
                                                    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                                                    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
                                                    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                                                    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
                                                    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
                                                    "TLS_RSA_WITH_AES_128_CBC_SHA",
                                                    "TLS_RSA_WITH_AES_128_CBC_SHA256",
                                                    "TLS_RSA_WITH_AES_128_GCM_SHA256",
                                                    "TLS_RSA_WITH_AES_256_CBC_SHA",
                                                    "TLS_RSA_WITH_AES_256_GCM_SHA384",
                                                    "TLS_RSA_WITH_RC4_128_SHA"};
  return suites;
}

bool is_cipher_suite(std::string_view name) {
  return std::ranges::binary_search(cipher_suites(), name);
}

std::optional<Complaint> check_argument(std::string_view text) {
  if (auto complaint = check_line(text)) return complaint;
  const Argument argument = split_argument(text);
  const bool has_name = !argument.name.empty() && std::ranges::all_of(argument.name, [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
  });
  if (!has_name) {
    const auto blank = text.find(' ');
    if (blank != text.npos && text.find('=') == text.npos)
      return Complaint{fmt::format("{} separates name and value by a blank", shown(text)),
                       fmt::format("write '{}={}'", text.substr(0, blank), text.substr(blank + 1))};
    return Complaint{fmt::format("{} is no argument", shown(text)), "write it as --name=value"};
  }
  if (argument.name == "tls-cipher-suites") return check_cipher_suites(argument.value);
  if (argument.name == "tls-min-version") {
    const std::vector<std::string_view> kVersions{"VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"};
    if (std::ranges::find(kVersions, argument.value) == kVersions.end())
      return Complaint{fmt::format("{} is no TLS version", shown(argument.value)), "use VersionTLS12 or VersionTLS13"};
  }
  constexpr std::pair<std::string_view, std::string_view> kFields[] = {
      {"service-cluster-ip-range", "serviceCidr"}, {"cluster-cidr", "clusterCidr"},   {"cluster-dns", "clusterDNS"},
      {"cluster-domain", "clusterDomain"},         {"hostname-override", "nodeName"}, {"node-labels", "nodeLabels"}};
  for (const auto& [name, field] : kFields)
    if (argument.name == name)
      return Complaint{fmt::format("'{}' is set by K3s itself", name), fmt::format("use the field {}", field)};
  return std::nullopt;
}

std::optional<Complaint> check_label(std::string_view text) {
  const auto equal = text.find('=');
  if (equal == text.npos) return Complaint{fmt::format("{} has no '='", shown(text)), "write it as key=value"};
  if (is_label_key(text.substr(0, equal)) && is_label_value(text.substr(equal + 1))) return std::nullopt;
  return Complaint{fmt::format("{} is no label", shown(text)),
                   "write it as key=value with letters, digits, '-', '_' and '.', such as example.com/zone=north"};
}

std::optional<Complaint> check_taint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos)
    return Complaint{fmt::format("{} has no effect", shown(text)), "write it as key=value:NoSchedule"};
  const std::vector<std::string_view> kEffects{"NoSchedule", "PreferNoSchedule", "NoExecute"};
  const std::string_view effect = text.substr(colon + 1), label = text.substr(0, colon);
  if (std::ranges::find(kEffects, effect) == kEffects.end())
    return Complaint{fmt::format("{} is no effect of a taint", shown(effect)),
                     "use NoSchedule, PreferNoSchedule or NoExecute"};
  const auto equal = label.find('=');
  if (is_label_key(label.substr(0, equal)) && (equal == label.npos || is_label_value(label.substr(equal + 1))))
    return std::nullopt;
  return Complaint{fmt::format("{} is no taint", shown(text)), "write it as key=value:NoSchedule"};
}

std::optional<Complaint> check_component(std::string_view text) {
  const std::vector<std::string_view> kComponents{"coredns",        "servicelb", "traefik",        "local-storage",
                                                  "metrics-server", "runtimes",  "cloudController"};
  if (std::ranges::find(kComponents, text) != kComponents.end()) return std::nullopt;
  constexpr std::string_view kFlags[] = {"kube-proxy", "network-policy", "helm-controller", "scheduler",
                                         "cloud-controller"};
  if (text == "cloud-controller")
    return Complaint{"'cloud-controller' is no component of K3s' 'disable'", "write cloudController"};
  if (std::ranges::find(kFlags, text) != std::end(kFlags))
    return Complaint{
        fmt::format("'{}' is no component of K3s' 'disable'", text),
        fmt::format("put 'disable-{}: true' into a file /etc/rancher/k3s/config.yaml.d/10-disable.yaml", text)};
  const std::string word = nearest(text, kComponents);
  return Complaint{fmt::format("{} is no component of K3s", shown(text)),
                   word.empty()
                       ? "use coredns, servicelb, traefik, local-storage, metrics-server, runtimes or cloudController"
                       : fmt::format("did you mean '{}'?", word)};
}

std::optional<Complaint> check_kubernetes_version(std::string_view text) {
  const auto version = data::KubernetesVersion::parse(text);
  if (version && version->text() == text && text.find("+k3s") != text.npos) return std::nullopt;
  return Complaint{fmt::format("{} is no version of K3s", shown(text)), "write it as v1.33.0+k3s1, or leave it out"};
}

std::optional<Complaint> check_image(std::string_view text) {
  const bool fits =
      !text.empty() && text.size() <= 255 && is_letter_or_digit(text.front()) && std::ranges::all_of(text, [](char c) {
        return is_letter_or_digit(c) || std::string_view("-_./:@").find(c) != std::string_view::npos;
      });
  if (fits) return std::nullopt;
  return Complaint{fmt::format("{} is no image", shown(text)), "write it as registry/name:tag"};
}

}  // namespace slipway::standalone
