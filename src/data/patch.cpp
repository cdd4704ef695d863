#include "data/patch.h"

#include <charconv>
#include <fmt/core.h>
#include <optional>

#include "data/json_text.h"

namespace slipway::data {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

Json merge_patch(Json target, const Json& patch) {
  if (!patch.is_object()) return patch;
  target.mutable_members();
  for (const auto& [key, value] : patch.members()) {
    if (value.is_null()) {
      target.erase(key);
    } else if (value.is_object()) {
      Json& member = target.at(key);
      member = merge_patch(std::move(member), value);
    } else {
      target.set(key, value);
    }
  }
  return target;
}

Json diff_merge_patch(const Json& from, const Json& to) {
  if (!from.is_object() || !to.is_object()) return to;
  Json patch = Json::object();
  for (const auto& [key, value] : from.members())
    if (!to.contains(key) || to[key].is_null()) patch.set(key, nullptr);
  for (const auto& [key, value] : to.members()) {
    if (value.is_null()) continue;
    const Json& old = from[key];
    if (from.contains(key) && old == value) continue;
    // An object that replaces another kind is merged by the receiver into {}, which gives the same result.
    patch.set(key, old.is_object() && value.is_object() ? diff_merge_patch(old, value) : value);
  }
  return patch;
}

namespace {

using Tokens = std::vector<std::string>;

std::optional<Tokens> split_pointer(std::string_view pointer) {
  Tokens tokens;
  if (pointer.empty()) return tokens;
  if (pointer.front() != '/') return std::nullopt;
  for (const char c : pointer) {
    if (c == '/') {
      tokens.emplace_back();
    } else {
      tokens.back() += c;
    }
  }
  for (std::string& token : tokens) {
    std::string plain;
    for (std::size_t i = 0; i < token.size(); ++i) {
      if (token[i] != '~') {
        plain += token[i];
      } else if (i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1')) {
        plain += token[++i] == '0' ? '~' : '/';
      } else {
        return std::nullopt;
      }
    }
    token = std::move(plain);
  }
  return tokens;
}

// An array index without sign or leading zeros.
std::optional<std::size_t> array_index(const std::string& token) {
  if (token.empty() || (token.size() > 1 && token[0] == '0')) return std::nullopt;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return index;
}

Json* child_of(Json& parent, const std::string& token) {
  if (parent.is_object()) {
    auto& members = parent.mutable_members();
    const auto found = members.find(token);
    return found == members.end() ? nullptr : &found->second;
  }
  if (!parent.is_array()) return nullptr;
  const auto index = array_index(token);
  auto& items = parent.mutable_items();
  return index && *index < items.size() ? &items[*index] : nullptr;
}

Json* walk(Json& document, const Tokens& tokens, std::size_t count) {
  Json* here = &document;
  for (std::size_t i = 0; i < count && here != nullptr; ++i) here = child_of(*here, tokens[i]);
  return here;
}

Status missing(const std::string& what) {
  return Status(ErrorCode::kInvalid, what + " does not exist");
}

Status add(Json& document, const Tokens& tokens, Json value) {
  if (tokens.empty()) {
    document = std::move(value);
    return {};
  }
  Json* parent = walk(document, tokens, tokens.size() - 1);
  if (parent == nullptr || (!parent->is_object() && !parent->is_array())) return missing("the parent of the path");
  if (parent->is_object()) {
    parent->set(tokens.back(), std::move(value));
    return {};
  }
  auto& items = parent->mutable_items();
  const auto index = tokens.back() == "-" ? std::optional(items.size()) : array_index(tokens.back());
  if (!index || *index > items.size())
    return Status(ErrorCode::kInvalid, fmt::format("'{}' is no index of an array of {}", tokens.back(), items.size()));
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return {};
}

Result<Json> take(Json& document, const Tokens& tokens) {
  if (tokens.empty()) return std::move(document);
  Json* parent = walk(document, tokens, tokens.size() - 1);
  Json* member = parent == nullptr ? nullptr : child_of(*parent, tokens.back());
  if (member == nullptr) return missing("the path").error();
  Json value = std::move(*member);
  if (parent->is_object()) {
    parent->erase(tokens.back());
  } else {
    auto& items = parent->mutable_items();
    items.erase(items.begin() + (member - items.data()));
  }
  return value;
}

Result<Tokens> pointer_of(const Json& operation, std::string_view name) {
  if (!operation[name].is_string()) return fail(ErrorCode::kBadRequest, fmt::format("'{}' must be a string", name));
  auto tokens = split_pointer(operation.text({name}));
  if (!tokens) return fail(ErrorCode::kBadRequest, fmt::format("'{}' is no JSON pointer", operation.text({name})));
  return std::move(*tokens);
}

Status apply(Json& document, const Json& operation) {
  const std::string& op = operation.text({"op"});
  const Tokens path = SLIPWAY_TRY(pointer_of(operation, "path"));
  if ((op == "add" || op == "replace" || op == "test") && !operation.contains("value"))
    return Status(ErrorCode::kBadRequest, "'value' is missing");
  if (op == "add") return add(document, path, operation["value"]);
  if (op == "remove") {
    SLIPWAY_TRY(take(document, path));
    return {};
  }
  if (op == "replace") {
    Json* target = walk(document, path, path.size());
    if (target == nullptr) return missing("the path");
    *target = operation["value"];
    return {};
  }
  if (op == "test") {
    const Json* target = walk(document, path, path.size());
    if (target == nullptr) return missing("the path");
    return *target == operation["value"] ? Status() : Status(ErrorCode::kInvalid, "the value is not the tested one");
  }
  if (op != "move" && op != "copy") return Status(ErrorCode::kBadRequest, fmt::format("unknown operation '{}'", op));
  const Tokens from = SLIPWAY_TRY(pointer_of(operation, "from"));
  if (op == "copy") {
    const Json* source = walk(document, from, from.size());
    if (source == nullptr) return missing("the 'from' path");
    return add(document, path, Json(*source));
  }
  if (from.size() < path.size() && std::equal(from.begin(), from.end(), path.begin()))
    return Status(ErrorCode::kInvalid, "a value cannot be moved into itself");
  Json value = SLIPWAY_TRY(take(document, from));
  return add(document, path, std::move(value));
}

}  // namespace

Result<Json> json_patch(Json target, const Json& patch) {
  if (!patch.is_array()) return fail(ErrorCode::kBadRequest, "a JSON patch must be an array of operations");
  constexpr std::size_t kMaxOperations = 10'000;  // kube-apiserver's limit
  if (patch.size() > kMaxOperations)
    return fail(ErrorCode::kTooLarge, fmt::format("a JSON patch may have at most {} operations", kMaxOperations));
  for (std::size_t i = 0; i < patch.items().size(); ++i) {
    const Json& operation = patch.items()[i];
    if (!operation.is_object()) return fail(ErrorCode::kBadRequest, fmt::format("operation {} must be an object", i));
    SLIPWAY_TRY(
        apply(target, operation)
            .with_context(fmt::format("operation {} ({} {})", i, operation.text({"op"}), operation.text({"path"}))));
  }
  return target;
}

const Json* find_pointer(const Json& document, std::string_view pointer) {
  const auto tokens = split_pointer(pointer);
  if (!tokens) return nullptr;
  const Json* here = &document;
  for (const std::string& token : *tokens) {
    if (here->is_object() && here->contains(token)) {
      here = &(*here)[token];
      continue;
    }
    const auto index = here->is_array() ? array_index(token) : std::nullopt;
    if (!index || *index >= here->size()) return nullptr;
    here = &here->items()[*index];
  }
  return here;
}

}  // namespace slipway::data
