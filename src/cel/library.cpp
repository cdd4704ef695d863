#include "cel/library.h"

namespace slipway::cel {

namespace {

Library make_library() {
  Library library;
  for (const TypeRef& type :
       {types::boolean, types::integer, types::uint, types::floating, types::string, types::bytes, types::null,
        types::meta, types::timestamp, types::duration, types::opaque("optional_type")})
    library.add_type(type);
  library.add_type(types::list(types::dyn));
  library.add_type(types::map(types::dyn, types::dyn));
  add_operators(library);
  add_conversions(library);
  add_time(library);
  add_standard_strings(library);
  add_strings(library);
  add_lists(library);
  add_list_extensions(library);
  add_sets(library);
  add_optionals(library);
  add_regular_expressions(library);
  add_networks(library);
  add_urls(library);
  add_quantities(library);
  add_versions(library);
  add_formats(library);
  return library;
}

}  // namespace

bool accepts(const Type& parameter, const Value& value) {
  if (parameter.kind == TypeKind::kDyn || parameter.kind == TypeKind::kParameter) return true;
  if (parameter.kind == TypeKind::kOpaque)
    return value.get<ExtensionRef>() != nullptr && (*value.get<ExtensionRef>())->type()->name == parameter.name;
  return parameter.kind == value.kind();
}

const Function* Library::find(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : &found->second;
}

TypeRef Library::find_type(std::string_view name) const {
  const auto found = types_.find(name);
  return found == types_.end() ? nullptr : found->second;
}

Overload& Library::add_overload(std::string_view name) {
  const auto place = functions_.try_emplace(std::string(name)).first;
  place->second.name = name;
  place->second.overloads.push_back(std::make_unique<Overload>());
  Overload& overload = *place->second.overloads.back();
  overload.function = place->first;
  return overload;
}

void Library::add(std::string_view name, std::string_view id, std::vector<TypeRef> parameters, TypeRef result,
                  Implementation call, CostRule cost) {
  Overload& overload = add_overload(name);
  overload.id = id;
  overload.parameters = std::move(parameters);
  overload.result = std::move(result);
  overload.call = call;
  overload.cost = cost;
}

void Library::add_member(std::string_view name, std::string_view id, std::vector<TypeRef> parameters, TypeRef result,
                         Implementation call, CostRule cost) {
  add(name, id, std::move(parameters), std::move(result), call, cost);
  functions_.find(name)->second.overloads.back()->is_member = true;
}

void Library::add_type(TypeRef type) {
  const std::string name = type->name;
  types_.emplace(name, std::move(type));
}

const Library& kubernetes_library() {
  static const Library library = make_library();
  return library;
}

}  // namespace slipway::cel
