#include "cel/library.h"
#include "cel/uniform_locator.h"

// Kubernetes' url library.
namespace slipway::cel {

namespace {

using Arguments = std::span<const Value>;

const TypeRef& url_type() {
  static const TypeRef type = types::opaque("kubernetes.URL");
  return type;
}

struct UrlValue final : Extension {
  explicit UrlValue(Url the_url) : url(std::move(the_url)) {}
  const TypeRef& type() const override { return url_type(); }
  bool equals(const Extension& other) const override { return url == static_cast<const UrlValue&>(other).url; }
  Url url;
};

const Url& url_of(Arguments arguments) {
  return static_cast<const UrlValue&>(**arguments[0].get<ExtensionRef>()).url;
}

Value query_of(Arguments arguments, CallContext&) {
  Entries entries;
  for (const auto& [key, values] : url_of(arguments).query_values()) {
    std::vector<Value> list;
    for (const std::string& value : values) list.push_back(Value::text(value));
    entries.emplace(Value::text(key), Value::list(std::move(list)));
  }
  return Value::map(std::move(entries));
}

}  // namespace

void add_urls(Library& library) {
  using namespace types;
  library.add(
      "url", "string_to_url", {string}, url_type(),
      [](Arguments a, CallContext&) -> Value {
        Url url;
        std::string error;
        if (!parse_url(*a[0].string(), url, error))
          return Value::error("URL parse error during conversion from string: " + error);
        return ExtensionRef(std::make_shared<UrlValue>(std::move(url)));
      },
      CostRule::kTraverse);
  library.add("isURL", "is_url_string", {string}, boolean, [](Arguments a, CallContext&) -> Value {
    Url url;
    std::string error;
    return parse_url(*a[0].string(), url, error);
  });
  library.add_member("getScheme", "url_get_scheme", {url_type()}, string,
                     [](Arguments a, CallContext&) { return Value::text(url_of(a).scheme); });
  library.add_member("getHost", "url_get_host", {url_type()}, string,
                     [](Arguments a, CallContext&) { return Value::text(url_of(a).host); });
  library.add_member("getHostname", "url_get_hostname", {url_type()}, string,
                     [](Arguments a, CallContext&) { return Value::text(url_of(a).hostname()); });
  library.add_member("getPort", "url_get_port", {url_type()}, string,
                     [](Arguments a, CallContext&) { return Value::text(url_of(a).port()); });
  library.add_member("getEscapedPath", "url_get_escaped_path", {url_type()}, string,
                     [](Arguments a, CallContext&) { return Value::text(url_of(a).escaped_path()); });
  library.add_member("getQuery", "url_get_query", {url_type()}, map(string, list(string)), query_of);
}

}  // namespace slipway::cel
