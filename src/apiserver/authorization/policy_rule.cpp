#include "apiserver/authorization/policy_rule.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "data/json_text.h"

namespace slipway::apiserver {

using data::Json;

namespace {

std::vector<std::string> strings_of(const Json& list) {
  std::vector<std::string> out;
  for (const Json& item : list.items()) out.push_back(item.string_or_empty());
  return out;
}

bool has(const std::vector<std::string>& items, std::string_view wanted) {
  return std::ranges::find(items, wanted) != items.end();
}

bool has_or_all(const std::vector<std::string>& items, std::string_view wanted) {
  return std::ranges::any_of(items, [&](const std::string& item) { return item == "*" || item == wanted; });
}

bool resource_matches(std::string_view rule, std::string_view resource, std::string_view subresource) {
  if (rule == "*") return true;
  if (subresource.empty()) return rule == resource;
  if (rule.size() <= subresource.size() || !rule.ends_with(subresource)) return false;
  const std::string_view parent = rule.substr(0, rule.size() - subresource.size());
  if (!parent.ends_with('/')) return false;
  return parent == "*/" || parent.substr(0, parent.size() - 1) == resource;
}

// "/healthz/*" covers everything below; more than one star at the end is as one.
bool path_matches(std::string_view rule, std::string_view path) {
  if (rule == path) return true;
  if (!rule.ends_with('*')) return false;
  while (rule.ends_with('*')) rule.remove_suffix(1);
  return path.starts_with(rule);
}

// One verb on one resource, name or path.
std::vector<PolicyRule> break_down(const PolicyRule& rule) {
  std::vector<PolicyRule> parts;
  for (const std::string& group : rule.groups)
    for (const std::string& resource : rule.resources)
      for (const std::string& verb : rule.verbs) {
        PolicyRule part{.verbs = {verb}, .groups = {group}, .resources = {resource}};
        if (rule.resource_names.empty()) parts.push_back(part);
        for (const std::string& name : rule.resource_names) {
          part.resource_names = {name};
          parts.push_back(part);
        }
      }
  for (const std::string& path : rule.non_resource_urls)
    for (const std::string& verb : rule.verbs) parts.push_back({.verbs = {verb}, .non_resource_urls = {path}});
  return parts;
}

bool resource_covered(const std::vector<std::string>& held, const std::string& wanted) {
  if (has(held, "*") || has(held, wanted)) return true;
  const std::size_t slash = wanted.find('/');
  return slash != wanted.npos && has(held, "*" + wanted.substr(slash));
}

bool covers(const PolicyRule& held, const PolicyRule& part) {
  if (!has_or_all(held.verbs, part.verbs.front())) return false;
  if (!part.non_resource_urls.empty()) {
    const std::string& path = part.non_resource_urls.front();
    return std::ranges::any_of(held.non_resource_urls, [&](const std::string& url) { return path_matches(url, path); });
  }
  if (!has_or_all(held.groups, part.groups.front())) return false;
  if (!resource_covered(held.resources, part.resources.front())) return false;
  if (held.resource_names.empty()) return true;
  return !part.resource_names.empty() && has(held.resource_names, part.resource_names.front());
}

}  // namespace

std::vector<PolicyRule> policy_rules_of(const Json& role) {
  std::vector<PolicyRule> rules;
  for (const Json& rule : role["rules"].items())
    rules.push_back({.verbs = strings_of(rule["verbs"]),
                     .groups = strings_of(rule["apiGroups"]),
                     .resources = strings_of(rule["resources"]),
                     .resource_names = strings_of(rule["resourceNames"]),
                     .non_resource_urls = strings_of(rule["nonResourceURLs"])});
  return rules;
}

Json rules_json(const std::vector<PolicyRule>& rules) {
  Json out = Json::array();
  for (const PolicyRule& rule : rules) {
    Json item = Json::object();
    const auto put = [&](std::string_view member, const std::vector<std::string>& values) {
      for (const std::string& value : values) item.at(member).append(value);
    };
    put("verbs", rule.verbs);
    put("apiGroups", rule.groups);
    put("resources", rule.resources);
    put("resourceNames", rule.resource_names);
    put("nonResourceURLs", rule.non_resource_urls);
    out.append(std::move(item));
  }
  return out;
}

bool rule_allows(const PolicyRule& rule, const AccessAttributes& attributes) {
  if (!has_or_all(rule.verbs, attributes.verb)) return false;
  if (!attributes.is_resource)
    return std::ranges::any_of(rule.non_resource_urls,
                               [&](const std::string& url) { return path_matches(url, attributes.path); });
  if (!has_or_all(rule.groups, attributes.group)) return false;
  const bool resource = std::ranges::any_of(rule.resources, [&](const std::string& item) {
    return resource_matches(item, attributes.resource, attributes.subresource);
  });
  return resource && (rule.resource_names.empty() || has(rule.resource_names, attributes.name));
}

std::vector<PolicyRule> uncovered_rules(const std::vector<PolicyRule>& held, const std::vector<PolicyRule>& wanted) {
  std::vector<PolicyRule> missing;
  for (const PolicyRule& rule : wanted)
    for (PolicyRule& part : break_down(rule))
      if (std::ranges::none_of(held, [&](const PolicyRule& own) { return covers(own, part); }))
        missing.push_back(std::move(part));
  return missing;
}

std::vector<PolicyRule> compact_rules(const std::vector<PolicyRule>& rules) {
  std::vector<PolicyRule> out;
  std::map<std::tuple<std::string, std::string, std::vector<std::string>>, std::size_t> places;
  for (const PolicyRule& rule : rules) {
    const bool simple = rule.resource_names.size() <= 1 && rule.non_resource_urls.empty() && rule.groups.size() == 1 &&
                        rule.resources.size() == 1;
    if (!simple) {
      out.push_back(rule);
      continue;
    }
    const auto [at, fresh] =
        places.try_emplace({rule.groups.front(), rule.resources.front(), rule.resource_names}, out.size());
    if (fresh) {
      out.push_back(rule);
    } else {
      std::vector<std::string>& verbs = out[at->second].verbs;
      verbs.insert(verbs.end(), rule.verbs.begin(), rule.verbs.end());
    }
  }
  return out;
}

std::string list_text(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) {
    if (out.size() > 1) out += ' ';
    data::append_json_string(out, item);
  }
  return out + "]";
}

std::string rule_text(const PolicyRule& rule) {
  std::string out = "{";
  const auto part = [&](std::string_view name, const std::vector<std::string>& items) {
    if (items.empty()) return;
    if (out.size() > 1) out += ", ";
    out.append(name).append(":").append(list_text(items));
  };
  part("APIGroups", rule.groups);
  part("Resources", rule.resources);
  part("NonResourceURLs", rule.non_resource_urls);
  part("ResourceNames", rule.resource_names);
  part("Verbs", rule.verbs);
  return out + "}";
}

}  // namespace slipway::apiserver
