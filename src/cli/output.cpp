#include "cli/output.h"

#include <algorithm>
#include <fmt/core.h>

#include "data/json_text.h"
#include "data/yaml.h"
#include "meta/object.h"

namespace slipway::cli {

using base::ErrorCode;

ExitCode exit_code_of(const base::Error& error) {
  switch (error.code()) {
    case ErrorCode::kNotFound:
      return ExitCode::kNotFound;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kConflict:
      return ExitCode::kConflict;
    case ErrorCode::kTimeout:
      return ExitCode::kTimeout;
    case ErrorCode::kUnavailable:
    case ErrorCode::kUnauthorized:
      return ExitCode::kUnreachable;
    default:
      return ExitCode::kFailed;
  }
}

void print(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

bool print_structured(const Context& context, const Json& value) {
  if (context.format == OutputFormat::kTable) return false;
  print(context.out, context.format == OutputFormat::kJson ? data::to_json(value, 2) + "\n" : data::to_yaml(value));
  return true;
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  const auto shown = [](const std::string& cell) {
    return cell.empty() ? std::string_view("<none>") : std::string_view(cell);
  };
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], shown(row[i]).size());
  }
  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string_view cell = shown(row[i]);
      text += cell;
      if (i + 1 < row.size()) text.append(widths[i] - cell.size() + 3, ' ');
    }
    text += '\n';
  }
  return text;
}

void Description::field(std::string_view name, std::string_view value, int indent) {
  lines_.push_back({std::string(name), std::string(value.empty() ? "<none>" : value), indent, false});
}

void Description::title(std::string_view name, int indent) {
  lines_.push_back({std::string(name), "", indent, true});
}

std::string Description::text() const {
  std::string text;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const Line& line = lines_[i];
    text.append(static_cast<std::size_t>(line.indent) * 2, ' ');
    if (line.is_title) {
      text += line.name + ":\n";
      continue;
    }
    // Align with the neighbours of the same block and indent.
    std::size_t width = 0;
    for (std::size_t j = i; j < lines_.size() && !lines_[j].is_title && lines_[j].indent == line.indent; ++j)
      width = std::max(width, lines_[j].name.size());
    for (std::size_t j = i; j-- > 0 && !lines_[j].is_title && lines_[j].indent == line.indent;)
      width = std::max(width, lines_[j].name.size());
    text += line.name + ":";
    text.append(width - line.name.size() + 2, ' ');
    text += line.value + "\n";
  }
  return text;
}

std::string age(const Context& context, const std::string& timestamp) {
  const auto then = base::parse_rfc3339(timestamp);
  if (!then) return "<unknown>";
  const auto seconds =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(context.clock->now() - *then).count());
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (seconds < 600) return fmt::format("{}m{}s", seconds / 60, seconds % 60);
  if (seconds < 3 * 3600) return fmt::format("{}m", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}d", seconds / 86400);
}

std::string elapsed(std::chrono::milliseconds time) {
  const double seconds = static_cast<double>(time.count()) / 1000;
  if (seconds < 120) return fmt::format("{:.1f} s", seconds);
  return fmt::format("{} min {} s", static_cast<int>(seconds) / 60, static_cast<int>(seconds) % 60);
}

void describe_conditions(Description& description, const Context& context, const Json& object) {
  description.title("Conditions");
  for (const Json& condition : object.get({"status", "conditions"}).items()) {
    std::string value = fmt::format("{} ({}, {} ago)", condition.text({"status"}), condition.text({"reason"}),
                                    age(context, condition.text({"lastTransitionTime"})));
    const std::string& message = condition.text({"message"});
    if (!message.empty()) value += ": " + message;
    description.field(condition.text({"type"}), value, 1);
  }
}

void describe_events(Description& description, const Context& context, const Json& object) {
  registry::ListOptions options;
  options.ns = meta::ns(object);
  auto fields = meta::FieldSelector::parse("involvedObject.uid=" + meta::uid(object));
  if (fields) options.fields = std::move(*fields);
  const auto events = context.client->list(kube::kEvent, options);
  description.title("Events");
  if (!events) return description.field("not readable", events.error().message(), 1);
  std::vector<ObjectPtr> sorted = events->items;
  std::ranges::sort(sorted, {}, [](const ObjectPtr& event) { return event->text({"lastTimestamp"}); });
  for (const ObjectPtr& event : sorted) {
    const auto count = event->get({"count"}).integer_or(1);
    description.field(fmt::format("{} {}", age(context, event->text({"lastTimestamp"})), event->text({"reason"})),
                      event->text({"message"}) + (count > 1 ? fmt::format(" ({} times)", count) : ""), 1);
  }
}

}  // namespace slipway::cli
