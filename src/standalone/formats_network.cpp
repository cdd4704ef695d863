#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <fmt/core.h>

#include "standalone/formats.h"

namespace slipway::standalone {

namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::optional<int> whole_number(std::string_view text, int largest) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0 || value > largest)
    return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  return value;
}

bool bit(const Network& network, int index) {
  return (network.address[static_cast<std::size_t>(index) / 8] >> (7 - index % 8) & 1) != 0;
}

Network masked(Network network) {
  const int bits = network.is_ipv6 ? 128 : 32;
  for (int i = network.prefix; i < bits; ++i)
    network.address[static_cast<std::size_t>(i) / 8] &= static_cast<std::uint8_t>(~(1u << (7 - i % 8)));
  return network;
}

// One DNS name; letters of either case, so that the caller decides about it.
bool is_dns_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const std::string_view label = text.substr(0, text.find('.'));
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        !std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; }))
      return false;
    if (label.size() == text.size()) return true;
    text.remove_prefix(label.size() + 1);
  }
}

bool has_capital(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::optional<Complaint> check_name(std::string_view text, std::size_t longest, std::string_view what,
                                    std::string_view example) {
  if (is_dns_name(text) && text.size() <= longest) {
    if (!has_capital(text)) return std::nullopt;
    return Complaint{fmt::format("{} has capital letters", shown(text)), fmt::format("write '{}'", lower(text))};
  }
  if (text.size() > longest)
    return Complaint{fmt::format("has {} characters, more than {}", text.size(), longest), "shorten it"};
  return Complaint{fmt::format("{} is no {}", shown(text), what),
                   fmt::format("use lower-case letters, digits and '-' such as '{}'", example)};
}

// host, host:port or [IPv6]:port
bool is_host_and_port(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos || !parse_address(text.substr(1, end - 1))) return false;
    text.remove_prefix(end + 1);
    return text.empty() || (text[0] == ':' && whole_number(text.substr(1), 65535).value_or(0) > 0);
  }
  const auto colon = text.find(':');
  if (colon != text.npos && whole_number(text.substr(colon + 1), 65535).value_or(0) == 0) return false;
  return is_dns_name(text.substr(0, colon));
}

std::optional<Complaint> check_reserved(const Network& network, std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kReserved[] = {
      {"0.0.0.0/8", "this host"},   {"127.0.0.0/8", "loopback"}, {"169.254.0.0/16", "link-local"},
      {"224.0.0.0/4", "multicast"}, {"240.0.0.0/4", "reserved"}, {"::/128", "the unspecified address"},
      {"::1/128", "loopback"},      {"fe80::/10", "link-local"}, {"ff00::/8", "multicast"}};
  for (const auto& [range, name] : kReserved)
    if (overlap(network, *parse_network(range)))
      return Complaint{fmt::format("{} lies in {} ({})", shown(text), range, name),
                       "use a private range such as 10.42.0.0/16"};
  return std::nullopt;
}

}  // namespace

std::optional<Network> parse_address(std::string_view text) {
  const std::string copy(text.substr(0, 64));
  if (text.size() > 64 || text.find('\0') != text.npos) return std::nullopt;
  Network network;
  network.prefix = 32;
  if (::inet_pton(AF_INET, copy.c_str(), network.address.data()) == 1) return network;
  network.is_ipv6 = true;
  network.prefix = 128;
  if (::inet_pton(AF_INET6, copy.c_str(), network.address.data()) == 1) return network;
  return std::nullopt;
}

std::optional<Network> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  auto network = parse_address(text.substr(0, slash));
  if (!network) return std::nullopt;
  const auto prefix = whole_number(text.substr(slash + 1), network->is_ipv6 ? 128 : 32);
  if (!prefix) return std::nullopt;
  network->prefix = *prefix;
  return network;
}

bool overlap(const Network& left, const Network& right) {
  if (left.is_ipv6 != right.is_ipv6) return false;
  for (int i = 0; i < std::min(left.prefix, right.prefix); ++i)
    if (bit(left, i) != bit(right, i)) return false;
  return true;
}

bool contains(const Network& network, const Network& address) {
  return network.prefix <= address.prefix && overlap(network, address);
}

std::string to_text(const Network& network) {
  const Network clean = masked(network);
  char buffer[64] = "";
  ::inet_ntop(network.is_ipv6 ? AF_INET6 : AF_INET, clean.address.data(), buffer, sizeof(buffer));
  return fmt::format("{}/{}", buffer, network.prefix);
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == text.npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

std::optional<Complaint> check_networks(std::string_view text) {
  const auto parts = split_list(text);
  bool seen[2] = {false, false};
  for (const std::string_view part : parts) {
    const auto network = parse_network(part);
    if (!network) {
      if (const auto address = parse_address(part))
        return Complaint{fmt::format("{} has no prefix length", shown(part)),
                         fmt::format("write '{}/{}'", part, address->is_ipv6 ? 56 : 16)};
      return Complaint{fmt::format("{} is no network", shown(part)), "write it as 10.42.0.0/16"};
    }
    if (to_text(*network) != part && masked(*network).address != network->address)
      return Complaint{fmt::format("{} has host bits set", shown(part)), fmt::format("write '{}'", to_text(*network))};
    if (auto complaint = check_reserved(*network, part)) return complaint;
    if (seen[network->is_ipv6 ? 1 : 0])
      return Complaint{fmt::format("{} has two networks of the same family", shown(text)),
                       "give one, or one IPv4 and one IPv6 network"};
    seen[network->is_ipv6 ? 1 : 0] = true;
  }
  return std::nullopt;
}

std::optional<Complaint> check_address(std::string_view text) {
  if (parse_address(text)) return std::nullopt;
  return Complaint{fmt::format("{} is no IP address", shown(text)), "write it as 192.168.1.10"};
}

std::optional<Complaint> check_addresses(std::string_view text) {
  const auto parts = split_list(text);
  for (const std::string_view part : parts)
    if (auto complaint = check_address(part)) return complaint;
  return std::nullopt;
}

std::optional<Complaint> check_host_or_address(std::string_view text) {
  if (parse_address(text)) return std::nullopt;
  return check_domain(text.starts_with("*.") ? text.substr(2) : text);
}

std::optional<Complaint> check_port(std::string_view text) {
  if (whole_number(text, 65535).value_or(0) > 0) return std::nullopt;
  return Complaint{fmt::format("{} is no port", shown(text)),
                   "write a number from 1 to 65535 in quotes such as \"6443\""};
}

std::optional<Complaint> check_hostname(std::string_view text) {
  if (parse_address(text))
    return Complaint{fmt::format("{} is an address", shown(text)), "give a name such as 'edge-1'"};
  return check_name(text, 63, "host name", "edge-1");
}

std::optional<Complaint> check_domain(std::string_view text) {
  return check_name(text, 253, "name of a host or domain", "edge-1.example.com");
}

std::optional<Complaint> check_object_name(std::string_view text) {
  return check_name(text, 63, "name", "my-addon");
}

std::optional<Complaint> check_proxy_url(std::string_view text) {
  constexpr std::string_view kExample = "write it as http://proxy.example.com:8080";
  const auto scheme = text.find("://");
  if (scheme == text.npos) return Complaint{"has no scheme", std::string(kExample)};
  constexpr std::string_view kSchemes[] = {"http", "https", "socks5", "socks5h"};
  if (std::ranges::find(kSchemes, text.substr(0, scheme)) == std::end(kSchemes))
    return Complaint{fmt::format("has the scheme {}", shown(text.substr(0, scheme))), "use http, https or socks5"};
  const bool harmless = std::ranges::all_of(text, [](char c) {
    return is_letter_or_digit(c) || std::string_view("-._~:/@%[]+,=").find(c) != std::string_view::npos;
  });
  if (!harmless)
    return Complaint{"has characters that a URL cannot hold",
                     "write them as %XX, for example a blank as %20 and '$' as %24"};
  std::string_view rest = text.substr(scheme + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (const auto at = rest.rfind('@'); at != rest.npos) rest.remove_prefix(at + 1);
  if (!is_host_and_port(rest)) return Complaint{"has no valid host and port", std::string(kExample)};
  return std::nullopt;
}

std::optional<Complaint> check_no_proxy(std::string_view text) {
  const auto parts = split_list(text);
  for (std::string_view part : parts) {
    const std::string_view whole = part;
    if (part.empty()) return Complaint{"has an empty entry", "remove the extra comma"};
    if (part.find_first_of(" \t") != part.npos)
      return Complaint{fmt::format("{} holds a blank", shown(part)), "separate entries with ',' and nothing else"};
    if (part == "*" || parse_network(part) || parse_address(part)) continue;
    if (part.starts_with("*.")) part.remove_prefix(2);
    if (part.starts_with('.')) part.remove_prefix(1);
    if (!is_host_and_port(part))
      return Complaint{fmt::format("{} is no host, domain, address or network", shown(whole)),
                       "write entries such as localhost,127.0.0.1,10.0.0.0/8,.example.com"};
  }
  return std::nullopt;
}

std::optional<Complaint> check_endpoint_url(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("http://"))
    rest.remove_prefix(7);
  else if (rest.starts_with("https://"))
    rest.remove_prefix(8);
  else
    return Complaint{fmt::format("{} is no URL", shown(text)), "begin it with https:// or http://"};
  const std::string_view path = rest.find('/') == rest.npos ? "" : rest.substr(rest.find('/'));
  const bool harmless = std::ranges::all_of(path, [](char c) {
    return is_letter_or_digit(c) || std::string_view("-._~/%").find(c) != std::string_view::npos;
  });
  if (is_host_and_port(rest.substr(0, rest.find('/'))) && harmless) return std::nullopt;
  return Complaint{fmt::format("{} has no valid host, port or path", shown(text)),
                   "write it as https://registry.example.com:5000"};
}

std::optional<Complaint> check_registry(std::string_view text) {
  if (text == "*" || is_host_and_port(text)) return std::nullopt;
  if (text.find("://") != text.npos)
    return Complaint{fmt::format("{} is a URL", shown(text)), "name the registry by host[:port] only"};
  return Complaint{fmt::format("{} is no registry", shown(text)), "write host[:port] such as docker.io, or \"*\""};
}

}  // namespace slipway::standalone
