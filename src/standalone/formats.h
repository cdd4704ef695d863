#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a single text of the configuration may be. Every function returns nothing when the text is fine. Pure.
namespace slipway::standalone {

struct Complaint {
  std::string what;    // "is no network"
  std::string advice;  // "write it as 10.42.0.0/16"
};
using TextCheck = std::optional<Complaint> (*)(std::string_view text);

// `text` between quotes for a message: cut at 60 characters, control characters escaped.
std::string shown(std::string_view text);

// --- the host
std::optional<Complaint> check_hostname(std::string_view text);
std::optional<Complaint> check_timezone(std::string_view text);
std::optional<Complaint> check_user_name(std::string_view text);
std::optional<Complaint> check_group_name(std::string_view text);
std::optional<Complaint> check_password(std::string_view text);  // never repeats the text
std::optional<Complaint> check_shell(std::string_view text);
std::optional<Complaint> check_ssh_key(std::string_view text);
std::optional<Complaint> check_file_path(std::string_view text);  // below /etc or /var
std::optional<Complaint> check_owner(std::string_view text);
std::optional<Complaint> check_permissions(std::string_view text);
std::optional<Complaint> check_command(std::string_view text);
std::optional<Complaint> check_line(std::string_view text);  // one line of printable text

// --- the network
struct Network {
  bool is_ipv6 = false;
  std::array<std::uint8_t, 16> address{};
  int prefix = 0;
};
std::optional<Network> parse_network(std::string_view text);  // host bits may be set
std::optional<Network> parse_address(std::string_view text);  // prefix 32 or 128
bool overlap(const Network& left, const Network& right);
bool contains(const Network& network, const Network& address);
std::string to_text(const Network& network);  // host bits cleared

std::vector<std::string_view> split_list(std::string_view text);  // at commas

std::optional<Complaint> check_networks(std::string_view text);   // one, or IPv4 and IPv6 with a comma
std::optional<Complaint> check_address(std::string_view text);    // one IP address
std::optional<Complaint> check_addresses(std::string_view text);  // with commas
std::optional<Complaint> check_host_or_address(std::string_view text);
std::optional<Complaint> check_port(std::string_view text);
std::optional<Complaint> check_domain(std::string_view text);
std::optional<Complaint> check_proxy_url(std::string_view text);  // never repeats the text: it may hold a password
std::optional<Complaint> check_no_proxy(std::string_view text);
std::optional<Complaint> check_endpoint_url(std::string_view text);  // http:// or https://
std::optional<Complaint> check_registry(std::string_view text);      // host[:port], or "*"

// --- Kubernetes
std::optional<Complaint> check_argument(std::string_view text);  // --name=value of a component
std::optional<Complaint> check_label(std::string_view text);     // key=value
std::optional<Complaint> check_taint(std::string_view text);     // key=value:Effect
std::optional<Complaint> check_object_name(std::string_view text);
std::optional<Complaint> check_component(std::string_view text);  // disableComponents
std::optional<Complaint> check_kubernetes_version(std::string_view text);
std::optional<Complaint> check_image(std::string_view text);

// The cipher suites that Go's TLS, and so Kubernetes, knows.
bool is_cipher_suite(std::string_view name);
const std::vector<std::string_view>& cipher_suites();

// The word nearest to `text`, or "" when none is near enough to be meant.
std::string nearest(std::string_view text, const std::vector<std::string_view>& words);
// "; did you mean 'x'?" or "".
std::string did_you_mean(std::string_view text, const std::vector<std::string_view>& words);

}  // namespace slipway::standalone
