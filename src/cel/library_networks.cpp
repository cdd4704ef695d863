#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <fmt/core.h>

#include "cel/library.h"
#include "cel/string_escapes.h"

// Kubernetes' ip and cidr libraries.
namespace slipway::cel {

namespace {

using Arguments = std::span<const Value>;

const TypeRef& ip_type() {
  static const TypeRef type = types::opaque("net.IP");
  return type;
}
const TypeRef& cidr_type() {
  static const TypeRef type = types::opaque("net.CIDR");
  return type;
}

struct Address {
  bool is_six = false;
  std::array<unsigned char, 16> bytes{};
  std::size_t length() const { return is_six ? 16 : 4; }
  bool operator==(const Address&) const = default;
};

struct Ip final : Extension {
  explicit Ip(const Address& the_address) : address(the_address) {}
  const TypeRef& type() const override { return ip_type(); }
  bool equals(const Extension& other) const override { return address == static_cast<const Ip&>(other).address; }
  std::int64_t size() const override { return static_cast<std::int64_t>(address.length()); }
  Address address;
};

struct Cidr final : Extension {
  Cidr(const Address& the_address, int the_bits) : address(the_address), bits(the_bits) {}
  const TypeRef& type() const override { return cidr_type(); }
  bool equals(const Extension& other) const override {
    return address == static_cast<const Cidr&>(other).address && bits == static_cast<const Cidr&>(other).bits;
  }
  std::int64_t size() const override { return (bits + 7) / 8; }
  Address address;
  int bits;
};

const Address& address_of(Arguments arguments, std::size_t index = 0) {
  return static_cast<const Ip&>(**arguments[index].get<ExtensionRef>()).address;
}
const Cidr& cidr_of(Arguments arguments, std::size_t index = 0) {
  return static_cast<const Cidr&>(**arguments[index].get<ExtensionRef>());
}

Value make_ip(const Address& address) {
  return ExtensionRef(std::make_shared<Ip>(address));
}

// Strict: four decimal numbers without leading zeros, or RFC 4291; no zone.
bool read_address(std::string_view text, Address& address) {
  if (text.size() > 45 || text.find('\0') != text.npos) return false;
  address.is_six = text.find(':') != text.npos;
  address.bytes.fill(0);
  return inet_pton(address.is_six ? AF_INET6 : AF_INET, std::string(text).c_str(), address.bytes.data()) == 1;
}

bool is_mapped(const Address& address) {
  static constexpr std::array<unsigned char, 12> kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return address.is_six && std::equal(kPrefix.begin(), kPrefix.end(), address.bytes.begin());
}

std::string address_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (!address.is_six) return inet_ntop(AF_INET, address.bytes.data(), text.data(), text.size());
  // inet_ntop writes some addresses with an IPv4 end, Go only mapped ones.
  std::array<std::uint16_t, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i)
    groups[i] = static_cast<std::uint16_t>(address.bytes[2 * i] << 8 | address.bytes[2 * i + 1]);
  std::size_t start = 8, length = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == start) {
      out += "::";
      i += length - 1;
      continue;
    }
    if (!out.empty() && !out.ends_with(':')) out += ':';
    out += fmt::format("{:x}", groups[i]);
  }
  return out;
}

// An error value, or null.
Value parse_ip(std::string_view text, Address& address) {
  const std::string quoted = go_quote(text);
  if (text.find('%') != text.npos && text.find(':') != text.npos) {
    Address bare;
    if (read_address(text.substr(0, text.find('%')), bare) && text.back() != '%')
      return Value::error(fmt::format("IP address {} with zone value is not allowed", quoted));
  }
  if (!read_address(text, address))
    return Value::error(fmt::format(
        "IP Address {} parse error during conversion from string: ParseAddr({}): unable to parse IP", quoted, quoted));
  if (is_mapped(address)) return Value::error(fmt::format("IPv4-mapped IPv6 address {} is not allowed", quoted));
  return Value();
}

Value parse_cidr(std::string_view text, Address& address, int& bits) {
  const auto wrong = [&](std::string_view why) {
    return Value::error(fmt::format(
        "network address parse error during conversion from string: network address parse error during conversion "
        "from string: netip.ParsePrefix({}): {}",
        go_quote(text), why));
  };
  const auto slash = text.rfind('/');
  if (slash == text.npos) return wrong("no '/'");
  if (!read_address(text.substr(0, slash), address)) return wrong("unable to parse IP");
  const std::string_view digits = text.substr(slash + 1);
  const bool plain = !digits.empty() && digits.size() <= 3 &&
                     std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }) &&
                     (digits.size() == 1 || digits[0] != '0');
  if (!plain) return wrong(fmt::format("bad bits after slash: {}", go_quote(digits)));
  std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (bits > static_cast<int>(address.length() * 8)) return wrong("prefix length out of range");
  if (is_mapped(address))
    return Value::error(fmt::format(
        "network address parse error during conversion from string: IPv4-mapped IPv6 address {} is not allowed",
        go_quote(address_text(address))));
  return Value();
}

Address masked(const Address& address, int bits) {
  Address out = address;
  for (std::size_t i = 0; i < out.length(); ++i) {
    const int left = bits - static_cast<int>(i) * 8;
    out.bytes[i] &= static_cast<unsigned char>(left >= 8 ? 0xFF : left <= 0 ? 0 : 0xFF << (8 - left));
  }
  return out;
}

bool contains(const Cidr& cidr, const Address& address) {
  return cidr.address.is_six == address.is_six && masked(cidr.address, cidr.bits) == masked(address, cidr.bits);
}

template <bool (*kTest)(const Address&)>
Value test(Arguments arguments, CallContext&) {
  return kTest(address_of(arguments));
}

bool is_all_zero(const Address& a) {
  return std::ranges::all_of(a.bytes, [](unsigned char byte) { return byte == 0; });
}
bool is_loopback(const Address& a) {
  if (!a.is_six) return a.bytes[0] == 127;
  return a.bytes[15] == 1 &&
         std::all_of(a.bytes.begin(), a.bytes.end() - 1, [](unsigned char byte) { return byte == 0; });
}
bool is_link_local_multicast(const Address& a) {
  if (!a.is_six) return a.bytes[0] == 224 && a.bytes[1] == 0 && a.bytes[2] == 0;
  return a.bytes[0] == 0xFF && (a.bytes[1] & 0x0F) == 2;
}
bool is_link_local_unicast(const Address& a) {
  if (!a.is_six) return a.bytes[0] == 169 && a.bytes[1] == 254;
  return a.bytes[0] == 0xFE && (a.bytes[1] & 0xC0) == 0x80;
}
bool is_global_unicast(const Address& a) {
  const bool is_multicast = a.is_six ? a.bytes[0] == 0xFF : (a.bytes[0] & 0xF0) == 0xE0;
  const bool is_broadcast =
      !a.is_six && a.bytes[0] == 255 && a.bytes[1] == 255 && a.bytes[2] == 255 && a.bytes[3] == 255;
  return !is_all_zero(a) && !is_loopback(a) && !is_multicast && !is_link_local_unicast(a) && !is_broadcast;
}

Value string_to_ip(Arguments a, CallContext&) {
  Address address;
  Value problem = parse_ip(*a[0].string(), address);
  return problem.is_error() ? problem : make_ip(address);
}

Value string_to_cidr(Arguments a, CallContext&) {
  Address address;
  int bits = 0;
  Value problem = parse_cidr(*a[0].string(), address, bits);
  return problem.is_error() ? problem : ExtensionRef(std::make_shared<Cidr>(address, bits));
}

void add_ips(Library& library) {
  using namespace types;
  library.add("ip", "string_to_ip", {string}, ip_type(), string_to_ip, CostRule::kParse);
  library.add(
      "isIP", "is_ip", {string}, boolean,
      [](Arguments a, CallContext&) -> Value {
        Address address;
        return !parse_ip(*a[0].string(), address).is_error();
      },
      CostRule::kParse);
  library.add(
      "ip.isCanonical", "ip_is_canonical", {string}, boolean,
      [](Arguments a, CallContext&) {
        Address address;
        Value problem = parse_ip(*a[0].string(), address);
        return problem.is_error() ? problem : Value(address_text(address) == *a[0].string());
      },
      CostRule::kParseTwice);
  library.add("string", "ip_to_string", {ip_type()}, string,
              [](Arguments a, CallContext&) { return Value::text(address_text(address_of(a))); });
  library.add_member("family", "ip_family", {ip_type()}, integer,
                     [](Arguments a, CallContext&) -> Value { return std::int64_t{address_of(a).is_six ? 6 : 4}; });
  library.add_member("isUnspecified", "ip_is_unspecified", {ip_type()}, boolean, test<is_all_zero>);
  library.add_member("isLoopback", "ip_is_loopback", {ip_type()}, boolean, test<is_loopback>);
  library.add_member("isLinkLocalMulticast", "ip_is_link_local_multicast", {ip_type()}, boolean,
                     test<is_link_local_multicast>);
  library.add_member("isLinkLocalUnicast", "ip_is_link_local_unicast", {ip_type()}, boolean,
                     test<is_link_local_unicast>);
  library.add_member("isGlobalUnicast", "ip_is_global_unicast", {ip_type()}, boolean, test<is_global_unicast>);
}

}  // namespace

void add_networks(Library& library) {
  using namespace types;
  library.add_type(ip_type());
  library.add_type(cidr_type());
  add_ips(library);
  library.add("cidr", "string_to_cidr", {string}, cidr_type(), string_to_cidr, CostRule::kParse);
  library.add(
      "isCIDR", "is_cidr", {string}, boolean,
      [](Arguments a, CallContext&) -> Value {
        Address address;
        int bits = 0;
        return !parse_cidr(*a[0].string(), address, bits).is_error();
      },
      CostRule::kParse);
  library.add("string", "cidr_to_string", {cidr_type()}, string, [](Arguments a, CallContext&) {
    return Value::text(fmt::format("{}/{}", address_text(cidr_of(a).address), cidr_of(a).bits));
  });
  library.add_member(
      "containsIP", "cidr_contains_ip_ip", {cidr_type(), ip_type()}, boolean,
      [](Arguments a, CallContext&) -> Value { return contains(cidr_of(a), address_of(a, 1)); }, CostRule::kContainsIp);
  library.add_member(
      "containsIP", "cidr_contains_ip_string", {cidr_type(), string}, boolean,
      [](Arguments a, CallContext&) {
        Address address;
        // Upstream reports a text that is no address like a missing overload.
        return parse_ip(*a[1].string(), address).is_error() ? Value::no_such_overload()
                                                            : Value(contains(cidr_of(a), address));
      },
      CostRule::kContainsIpText);
  library.add_member(
      "containsCIDR", "cidr_contains_cidr", {cidr_type(), cidr_type()}, boolean,
      [](Arguments a, CallContext&) -> Value {
        return cidr_of(a).bits <= cidr_of(a, 1).bits && contains(cidr_of(a), cidr_of(a, 1).address);
      },
      CostRule::kContainsCidr);
  library.add_member(
      "containsCIDR", "cidr_contains_cidr_string", {cidr_type(), string}, boolean,
      [](Arguments a, CallContext&) {
        Address address;
        int bits = 0;
        Value problem = parse_cidr(*a[1].string(), address, bits);
        if (problem.is_error()) return problem;
        return Value(cidr_of(a).bits <= bits && contains(cidr_of(a), address));
      },
      CostRule::kContainsCidrText);
  library.add_member("ip", "cidr_ip", {cidr_type()}, ip_type(),
                     [](Arguments a, CallContext&) { return make_ip(cidr_of(a).address); });
  library.add_member("prefixLength", "cidr_prefix_length", {cidr_type()}, integer,
                     [](Arguments a, CallContext&) -> Value { return std::int64_t{cidr_of(a).bits}; });
  library.add_member("masked", "cidr_masked", {cidr_type()}, cidr_type(), [](Arguments a, CallContext&) -> Value {
    return ExtensionRef(std::make_shared<Cidr>(masked(cidr_of(a).address, cidr_of(a).bits), cidr_of(a).bits));
  });
}

}  // namespace slipway::cel
