#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::cel {

// A URL as Go's net/url takes it apart.
struct Url {
  std::string scheme, host, path, raw_path, query, fragment;
  std::string opaque, user;

  std::string hostname() const;
  std::string port() const;
  std::string escaped_path() const;
  std::map<std::string, std::vector<std::string>> query_values() const;
  bool operator==(const Url&) const = default;
};

// An absolute URL or an absolute path (Go's ParseRequestURI); `error` says why not, as Go does. False: not one.
bool parse_url(std::string_view text, Url& url, std::string& error);

}  // namespace slipway::cel
