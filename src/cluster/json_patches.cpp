#include "cluster/json_patches.h"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>
#include <set>

#include "cluster/text_template.h"
#include "cluster/variable_path.h"
#include "data/patch.h"
#include "data/yaml.h"

namespace slipway::cluster {

using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

bool selects(const Json& selector, const PatchedTemplate& target) {
  if (selector.text({"apiVersion"}) != target.object.text({"apiVersion"}) ||
      selector.text({"kind"}) != target.object.text({"kind"}))
    return false;
  const Json& match = selector["matchResources"];
  switch (target.role) {
    case TemplateRole::kInfrastructureCluster:
      return match["infrastructureCluster"].bool_or(false);
    case TemplateRole::kControlPlane:
    case TemplateRole::kControlPlaneMachines:
      return match["controlPlane"].bool_or(false);
  }
  return false;
}

Json deep_merge(Json base, const Json& over) {
  if (!base.is_object() || !over.is_object()) return over;
  for (const auto& [key, value] : over.members()) base.set(key, deep_merge(base[key], value));
  return base;
}

Result<bool> is_enabled(const Json& patch, const Json& variables) {
  const std::string& condition = patch.text({"enabledIf"});
  if (condition.empty()) return true;
  const auto rendered = render_template(condition, variables);
  if (!rendered.has_value()) {
    if (rendered.error().code() == ErrorCode::kNotFound) return false;
    return rendered.error().with_context("enabledIf");
  }
  const auto begin = rendered->find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return false;
  return rendered->substr(begin, rendered->find_last_not_of(" \t\r\n") - begin + 1) == "true";
}

Result<Json> value_of(const Json& operation, const Json& variables) {
  if (operation.contains("value")) return operation["value"];
  const Json& source = operation["valueFrom"];
  if (const std::string& path = source.text({"variable"}); !path.empty()) return find_variable(variables, path);
  if (const std::string& text = source.text({"template"}); !text.empty()) {
    const std::string rendered = SLIPWAY_TRY(render_template(text, variables));
    return data::parse_yaml(rendered);
  }
  return base::fail(ErrorCode::kInvalid, "the operation has neither value, valueFrom.variable nor valueFrom.template");
}

Status apply_operations(const Json& operations, const Json& variables, PatchedTemplate& target) {
  Json patch = Json::array();
  for (const Json& operation : operations.items()) {
    Json step = Json::object({{"op", operation["op"]}, {"path", operation["path"]}});
    if (operation.text({"op"}) != "remove") {
      auto value = value_of(operation, variables);
      if (!value.has_value()) return std::move(value).error().with_context(operation.text({"path"}));
      step.set("value", std::move(*value));
    }
    patch.append(std::move(step));
  }
  target.object = SLIPWAY_TRY(data::json_patch(std::move(target.object), patch));
  return {};
}

Status apply_patch(const Json& patch, const Json& variables, std::vector<PatchedTemplate>& templates) {
  if (!patch["external"].is_null())
    return Status(ErrorCode::kUnsupported, "external patches (runtime extensions) are not supported");
  for (const Json& definition : patch["definitions"].items()) {
    for (PatchedTemplate& target : templates) {
      if (!selects(definition["selector"], target)) continue;
      const Json visible = deep_merge(variables, Json::object({{"builtin", target.builtin}}));
      if (!SLIPWAY_TRY(is_enabled(patch, visible))) continue;
      Status status = apply_operations(definition["jsonPatches"], visible, target);
      if (!status.has_value())
        return std::move(status).error().with_context(
            fmt::format("{} {}", target.object.text({"kind"}), target.object.text({"metadata", "name"})));
    }
  }
  return {};
}

std::vector<std::string> path_tokens(std::string_view path) {
  std::vector<std::string> tokens;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const auto end = path.find('/');
    tokens.emplace_back(path.substr(0, end));
    path = end == std::string_view::npos ? std::string_view() : path.substr(end);
  }
  return tokens;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

void validate_path(const Json& operation, std::string_view at, registry::FieldErrors& errors) {
  const std::string& path = operation.text({"path"});
  const std::vector<std::string> tokens = path_tokens(path);
  const bool spec = !tokens.empty() && tokens[0] == "spec";
  const bool metadata =
      tokens.size() > 1 && tokens[0] == "metadata" && (tokens[1] == "labels" || tokens[1] == "annotations");
  if (!spec && !metadata)
    errors.push_back(registry::invalid_value(
        at, path, "jsonPatch path must start with \"/spec\", \"/metadata/labels\" or \"/metadata/annotations\""));
  for (const std::string& token : tokens) {
    if (token != "-" && !is_number(token)) continue;
    if (operation.text({"op"}) != "add")
      errors.push_back(registry::invalid_value(at, path, "elements of lists can only be added"));
    else if (token != "-" && token != "0")
      errors.push_back(
          registry::invalid_value(at, path, "only the start (index 0) or the end (\"-\") of a list can be patched"));
  }
}

void validate_operation(const Json& operation, const std::string& at, registry::FieldErrors& errors) {
  static const std::set<std::string_view> kOperations{"add", "replace", "remove"};
  const std::string& op = operation.text({"op"});
  if (!kOperations.contains(op))
    errors.push_back(registry::unsupported_value(at + ".op", op, {Json("add"), Json("remove"), Json("replace")}));
  validate_path(operation, at + ".path", errors);
  if (op == "remove") return;
  const Json& from = operation["valueFrom"];
  const int sources = (operation.contains("value") ? 1 : 0) + (from.text({"variable"}).empty() ? 0 : 1) +
                      (from.text({"template"}).empty() ? 0 : 1);
  if (sources != 1)
    errors.push_back(
        registry::invalid_value(at, op, "exactly one of value, valueFrom.variable and valueFrom.template must be set"));
}

}  // namespace

Status apply_class_patches(const Json& cluster_class, const Json& variables, std::vector<PatchedTemplate>& templates) {
  for (const Json& patch : cluster_class.get({"spec", "patches"}).items()) {
    Status status = apply_patch(patch, variables, templates);
    if (!status.has_value())
      return std::move(status).error().with_context(fmt::format("patch \"{}\"", patch.text({"name"})));
  }
  return {};
}

void validate_patches(const Json& cluster_class, registry::FieldErrors& errors) {
  const Json& patches = cluster_class.get({"spec", "patches"});
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < patches.size(); ++i) {
    const Json& patch = patches.items()[i];
    const std::string at = fmt::format("spec.patches[{}]", i);
    if (!names.insert(patch.text({"name"})).second)
      errors.push_back(registry::duplicate_value(at + ".name", patch["name"]));
    if (!patch["external"].is_null())
      errors.push_back(registry::forbidden_value(at + ".external", "runtime extensions are not supported"));
    const Json& definitions = patch["definitions"];
    for (std::size_t j = 0; j < definitions.size(); ++j) {
      const Json& operations = definitions.items()[j]["jsonPatches"];
      for (std::size_t k = 0; k < operations.size(); ++k)
        validate_operation(operations.items()[k], fmt::format("{}.definitions[{}].jsonPatches[{}]", at, j, k), errors);
    }
  }
}

}  // namespace slipway::cluster
