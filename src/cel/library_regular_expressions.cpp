#include <fmt/core.h>
#include <re2/re2.h>

#include "cel/library.h"

// matches, find and findAll, by RE2 as upstream.
namespace slipway::cel {

struct CompiledPattern {
  std::unique_ptr<RE2> pattern;
};

namespace {

using Arguments = std::span<const Value>;

constexpr std::int64_t kPatternMemory = 1 << 20;  // bytes one compiled pattern may take

struct PatternUse {
  std::shared_ptr<const CompiledPattern> pattern;
  Value error;
};

PatternUse pattern_of(Arguments arguments, CallContext& context, std::string_view prefix) {
  if (context.call.prepared != nullptr)
    return {std::static_pointer_cast<const CompiledPattern>(context.call.prepared), Value()};
  std::string problem;
  auto pattern = compile_pattern(*arguments[1].string(), problem);
  if (pattern == nullptr) return {nullptr, Value::error(std::string(prefix) + problem)};
  return {std::move(pattern), Value()};
}

Value matches(Arguments a, CallContext& context) {
  const PatternUse use = pattern_of(a, context, "");
  if (use.pattern == nullptr) return use.error;
  return RE2::PartialMatch(*a[0].string(), *use.pattern->pattern);
}

Value find(Arguments a, CallContext& context) {
  const PatternUse use = pattern_of(a, context, "Illegal regex: ");
  if (use.pattern == nullptr) return use.error;
  re2::StringPiece found;
  const std::string_view text = *a[0].string();
  if (!use.pattern->pattern->Match(text, 0, text.size(), RE2::UNANCHORED, &found, 1)) return Value::view("");
  return Value::text(std::string(found));
}

// As Go's FindAllString: an empty match right after a match does not count.
Value find_all(Arguments a, CallContext& context) {
  const PatternUse use = pattern_of(a, context, "Illegal regex: ");
  if (use.pattern == nullptr) return use.error;
  const std::int64_t most = a.size() > 2 ? *a[2].get<std::int64_t>() : -1;
  const std::string_view text = *a[0].string();
  std::vector<Value> found;
  std::size_t at = 0, last_end = std::string_view::npos;
  while (at <= text.size() && (most < 0 || std::ssize(found) < most)) {
    re2::StringPiece match;
    if (!context.work.spend(8) || !use.pattern->pattern->Match(text, at, text.size(), RE2::UNANCHORED, &match, 1))
      break;
    const auto start = static_cast<std::size_t>(match.data() - text.data());
    const std::size_t end = start + match.size();
    const bool counts = !match.empty() || start != last_end;
    if (counts) found.push_back(Value::text(std::string(match)));
    last_end = end;
    if (!match.empty()) {
      at = end;
      continue;
    }
    at = end + 1;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  }
  return Value::list(std::move(found));
}

}  // namespace

std::shared_ptr<const CompiledPattern> compile_pattern(std::string_view text, std::string& error) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemory);
  auto pattern = std::make_unique<RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!pattern->ok()) {
    error = fmt::format("error parsing regexp: {}", pattern->error());
    return nullptr;
  }
  return std::make_shared<const CompiledPattern>(CompiledPattern{std::move(pattern)});
}

void add_regular_expressions(Library& library) {
  using namespace types;
  library.add("matches", "matches", {string, string}, boolean, matches, CostRule::kMatches);
  library.add_member("matches", "matches_string", {string, string}, boolean, matches, CostRule::kMatches);
  library.add_member("find", "string_find_string", {string, string}, string, find, CostRule::kFind);
  library.add_member("findAll", "string_find_all_string", {string, string}, list(string), find_all, CostRule::kFind);
  library.add_member("findAll", "string_find_all_string_int", {string, string, integer}, list(string), find_all,
                     CostRule::kFind);
}

}  // namespace slipway::cel
