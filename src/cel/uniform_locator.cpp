#include "cel/uniform_locator.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <optional>

#include "cel/string_escapes.h"

namespace slipway::cel {

namespace {

enum class Part { kPath, kHost, kZone, kQuery, kUser, kFragment };

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Which characters Go writes as an escape when it encodes that part.
bool should_escape(char c, Part part) {
  if (is_alphanumeric(c)) return false;
  if ((part == Part::kHost || part == Part::kZone) &&
      std::string_view("!$&'()*+,;=:[]<>\"").find(c) != std::string_view::npos)
    return false;
  if (std::string_view("-_.~").find(c) != std::string_view::npos) return false;
  if (std::string_view("$&+,/:;=?@").find(c) != std::string_view::npos) {
    switch (part) {
      case Part::kPath:
        return c == '?';
      case Part::kUser:
        return c == '@' || c == '/' || c == '?' || c == ':';
      case Part::kQuery:
        return true;
      case Part::kFragment:
        return false;
      default:
        break;
    }
  }
  if (part == Part::kFragment && std::string_view("!()*").find(c) != std::string_view::npos) return false;
  return true;
}

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> unescape(std::string_view text, Part part, std::string& error) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      const int high = i + 1 < text.size() ? hexadecimal(text[i + 1]) : -1,
                low = i + 2 < text.size() ? hexadecimal(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        error = fmt::format("invalid URL escape {}", go_quote(text.substr(i, 3)));
        return std::nullopt;
      }
      // A host holds bytes beyond ASCII only as they are.
      if (part == Part::kHost && high < 8 && text.substr(i, 3) != "%25") {
        error = fmt::format("invalid URL escape {}", go_quote(text.substr(i, 3)));
        return std::nullopt;
      }
      if (part == Part::kZone && text.substr(i, 3) != "%25" && high * 16 + low != ' ' &&
          should_escape(static_cast<char>(high * 16 + low), Part::kHost)) {
        error = fmt::format("invalid URL escape {}", go_quote(text.substr(i, 3)));
        return std::nullopt;
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && part == Part::kQuery) {
      out += ' ';
    } else {
      if ((part == Part::kHost || part == Part::kZone) && static_cast<unsigned char>(c) < 0x80 &&
          should_escape(c, part)) {
        error = fmt::format("invalid character {} in host name", go_quote(text.substr(i, 1)));
        return std::nullopt;
      }
      out += c;
    }
  }
  return out;
}

std::string escape(std::string_view text, Part part) {
  std::string out;
  for (const char c : text)
    if (should_escape(c, part))
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
  return out;
}

bool is_valid_encoded_path(std::string_view text) {
  for (const char c : text) {
    if (std::string_view("!$&'()*+,;=:@[]%").find(c) != std::string_view::npos) continue;
    if (should_escape(c, Part::kPath)) return false;
  }
  return true;
}

// The scheme before the first colon, if there is one. False: a colon with nothing before it.
bool take_scheme(std::string_view& rest, std::string& scheme) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter) continue;
    if ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.') {
      if (i == 0) return true;
      continue;
    }
    if (c != ':') return true;
    if (i == 0) return false;
    scheme = rest.substr(0, i);
    std::ranges::transform(scheme, scheme.begin(),
                           [](char l) { return l >= 'A' && l <= 'Z' ? static_cast<char>(l + 32) : l; });
    rest.remove_prefix(i + 1);
    return true;
  }
  return true;
}

bool is_port(std::string_view port) {
  if (port.empty()) return true;
  return port[0] == ':' && std::all_of(port.begin() + 1, port.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool parse_host(std::string_view text, std::string& host, std::string& error) {
  const auto bad_port = [&](std::string_view port) {
    error = fmt::format("invalid port {} after host", go_quote(port));
    return false;
  };
  if (const auto open = text.rfind('['); open != text.npos && open == 0) {
    const auto close = text.rfind(']');
    if (close == text.npos) {
      error = "missing ']' in host";
      return false;
    }
    if (!is_port(text.substr(close + 1))) return bad_port(text.substr(close + 1));
    const auto zone = text.substr(0, close).find("%25");
    std::string_view before = zone == text.npos ? text.substr(0, close) : text.substr(0, zone);
    auto first = unescape(before, Part::kHost, error);
    auto middle = zone == text.npos ? std::optional(std::string())
                                    : unescape(text.substr(zone, close - zone), Part::kZone, error);
    auto last = unescape(text.substr(close), Part::kHost, error);
    if (!first || !middle || !last) return false;
    host = *first + *middle + *last;
    return true;
  }
  if (text.find('[') != text.npos || text.find(']') != text.npos) {
    error = "invalid character in host name";
    return false;
  }
  if (const auto colon = text.rfind(':'); colon != text.npos && !is_port(text.substr(colon)))
    return bad_port(text.substr(colon));
  auto plain = unescape(text, Part::kHost, error);
  if (!plain) return false;
  host = std::move(*plain);
  return true;
}

bool parse_authority(std::string_view text, Url& url, std::string& error) {
  const auto at = text.rfind('@');
  if (!parse_host(at == text.npos ? text : text.substr(at + 1), url.host, error)) return false;
  if (at == text.npos) return true;
  const std::string_view user = text.substr(0, at);
  const bool valid = std::ranges::all_of(user, [](char c) {
    return is_alphanumeric(c) || std::string_view("-._:~!$&'()*+,;=%@").find(c) != std::string_view::npos;
  });
  if (!valid) {
    error = "net/url: invalid userinfo";
    return false;
  }
  auto plain = unescape(user, Part::kUser, error);
  if (!plain) return false;
  url.user = std::move(*plain);
  return true;
}

bool set_path(std::string_view text, Url& url, std::string& error) {
  auto plain = unescape(text, Part::kPath, error);
  if (!plain) return false;
  url.path = std::move(*plain);
  url.raw_path = escape(url.path, Part::kPath) == text ? "" : std::string(text);
  return true;
}

bool parse(std::string_view text, Url& url, std::string& error) {
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
    error = "net/url: invalid control character in URL";
    return false;
  }
  if (text.empty()) {
    error = "empty url";
    return false;
  }
  if (text == "*") {
    url.path = "*";
    return true;
  }
  std::string_view rest = text;
  if (!take_scheme(rest, url.scheme)) {
    error = "missing protocol scheme";
    return false;
  }
  if (const auto mark = rest.find('?'); mark != rest.npos) {
    url.query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  if (!rest.starts_with('/')) {
    if (!url.scheme.empty()) {
      url.opaque = rest;
      return true;
    }
    error = "invalid URI for request";
    return false;
  }
  if (!url.scheme.empty() && rest.starts_with("//")) {
    rest.remove_prefix(2);
    const auto slash = std::min(rest.find('/'), rest.size());
    if (!parse_authority(rest.substr(0, slash), url, error)) return false;
    rest.remove_prefix(slash);
  }
  return set_path(rest, url, error);
}

}  // namespace

std::string Url::hostname() const {
  std::string_view name = host;
  const auto colon = name.rfind(':');
  if (colon != name.npos && is_port(name.substr(colon))) name = name.substr(0, colon);
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  return std::string(name);
}

std::string Url::port() const {
  const auto colon = host.rfind(':');
  if (colon == host.npos || !is_port(std::string_view(host).substr(colon))) return "";
  return host.substr(colon + 1);
}

std::string Url::escaped_path() const {
  std::string ignored;
  if (!raw_path.empty() && is_valid_encoded_path(raw_path) && unescape(raw_path, Part::kPath, ignored) == path)
    return raw_path;
  return path == "*" ? "*" : escape(path, Part::kPath);
}

std::map<std::string, std::vector<std::string>> Url::query_values() const {
  std::map<std::string, std::vector<std::string>> values;
  for (std::string_view rest = query; !rest.empty();) {
    const auto end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty() || pair.find(';') != pair.npos) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    std::string ignored;
    auto key = unescape(pair.substr(0, equals), Part::kQuery, ignored);
    auto value = unescape(pair.substr(std::min(equals + 1, pair.size())), Part::kQuery, ignored);
    if (key && value) values[*key].push_back(std::move(*value));
  }
  return values;
}

bool parse_url(std::string_view text, Url& url, std::string& error) {
  // A request has no fragment: the check takes '#' for part of the path or query, the parts do not.
  Url checked;
  if (!parse(text, checked, error)) {
    error = fmt::format("parse {}: {}", go_quote(text), error);
    return false;
  }
  const auto hash = text.find('#');
  if (hash == text.npos) {
    url = std::move(checked);
    return true;
  }
  std::string ignored;
  if (!parse(text.substr(0, hash), url, ignored)) url = Url{};
  url.fragment = text.substr(hash + 1);
  return true;
}

}  // namespace slipway::cel
