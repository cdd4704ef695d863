// The resource plane beside kube-apiserver + etcd: the same work, the same machine, the same minute.

#include <CLI/CLI.hpp>
#include <csignal>
#include <fmt/core.h>
#include <random>
#include <thread>

#include "base/figures.h"
#include "base/files.h"
#include "plane/echo_server.h"
#include "plane/fan_out.h"
#include "plane/objects.h"
#include "plane/report.h"
#include "plane/servers.h"

namespace slipway::bench {
namespace {

using namespace std::chrono_literals;
using base::Result;
using base::Status;

constexpr std::size_t kObjectBytes = 4096;
constexpr std::size_t kEventBytes = 1024;
// Creates offered a second: about what the rival can do at its best, and three times as many.
constexpr double kPaces[] = {1'000, 3'000};

struct Plan {
  std::vector<std::size_t> sizes{1'000, 10'000, 100'000};
  std::size_t most_listed = 10'000;  // the largest whole list
  int rounds = 3;
  std::chrono::milliseconds time{4'000};  // of one timed round
  bool only_slipwayd = false;
  std::size_t watchers = 1'000;
};

void say(const std::string& text) {
  fmt::print(stderr, "bench-plane: {}\n", text);
}

// One side with everything that is measured on it.
class Side {
 public:
  Side(std::unique_ptr<Server> server, const Plan& plan, std::vector<Measure>& measures)
      : server_(std::move(server)), plan_(plan), measures_(measures) {}

  Status start(bool custom) {
    kind_ = ObjectKind(custom);
    note("empty start", "s", SLIPWAY_TRY(server_->start()));
    context_ = SLIPWAY_TRY(client_context(server_->endpoint()));
    load_ = std::make_unique<Load>(server_->endpoint(), context_.get());
    const Status installed = kind_.install(*load_);
    if (!installed) return installed;
    std::this_thread::sleep_for(1s);
    empty_resident_ = server_->resident_total();
    note("resident, empty", "MiB", empty_resident_);
    return {};
  }

  // Creates objects up to `size` in rounds; the first one warms up.
  Status grow(std::size_t size) {
    if (objects_ == 0) SLIPWAY_TRY(create(100, 500));
    const std::size_t connections = size <= 10'000 ? 100 : 1'000;
    const std::size_t rounds = size <= 1'000 ? 1 : static_cast<std::size_t>(std::max(3, plan_.rounds));
    std::vector<double> rates, slowest, costs;
    for (std::size_t round = 0; round < rounds; ++round) {
      const std::size_t left = size - objects_;
      const auto result = SLIPWAY_TRY(create(connections, left / (rounds - round)));
      rates.push_back(result.per_second());
      slowest.push_back(result.percentile(0.99));
      costs.push_back(cost_of_one_);
    }
    if (size <= 1'000) return {};
    note(fmt::format("creates/s, {} connections", connections), "/s", base::median(rates));
    note(fmt::format("create p99, {} connections", connections), "ms", base::median(slowest));
    note(fmt::format("CPU time per create, {} connections", connections), "us", base::median(costs));
    if (size > 10'000) {
      note("creates/s, first round, 1000 connections", "/s", rates.front());
      note("creates/s, last round, 1000 connections", "/s", rates.back());
    }
    return {};
  }

  // What changes with the number of objects.
  Status measure_size(std::size_t size) {
    const std::string at = fmt::format(" of {}", size);
    std::this_thread::sleep_for(3s);  // collectors and checkpoints come to rest
    note("resident" + at, "MiB", server_->resident_total());
    if (size == 10'000) note("resident per 10000 objects", "MiB", server_->resident_total());
    if (size == 10'000) note("resident above empty, 10000 objects", "MiB", server_->resident_total() - empty_resident_);
    for (const auto& [program, mebibytes] : server_->resident())
      note(fmt::format("resident{}: {}", at, program), "MiB", mebibytes);
    SLIPWAY_TRY(measure_page(at));
    SLIPWAY_TRY(measure_get(at));
    if (size <= plan_.most_listed) SLIPWAY_TRY(measure_list(at));
    return {};
  }

  // Creates offered at a fixed rate over 1,000 connections; the objects stay.
  Status measure_paced(double rate) {
    const auto next = next_create(SIZE_MAX);
    SLIPWAY_TRY(load_->run_paced(1'000, next, rate, 1s));
    const auto result = SLIPWAY_TRY(checked(load_->run_paced(1'000, next, rate, plan_.time * 2)));
    const std::string name = fmt::format("{:.0f} creates/s offered, 1000 connections", rate);
    note(name + ": answered", "/s", result.per_second());
    note(name + ": p50", "ms", result.percentile(0.5));
    note(name + ": p99", "ms", result.percentile(0.99));
    return {};
  }

  Status measure_mixed() {
    std::mt19937 random(7);
    std::size_t number = 0;
    std::vector<double> rates, slowest, costs;
    const auto next = [&]() -> std::optional<std::string> {
      const std::string path = fmt::format("{}/d-{:07}", kind_.collection(), random() % objects_);
      if (++number % 10 != 0) return render_request(load_->endpoint(), "GET", path);
      return render_request(load_->endpoint(), "PATCH", path, kind_.patch(static_cast<std::int64_t>(number)),
                            "application/merge-patch+json");
    };
    SLIPWAY_TRY(load_->run(100, next, 1s));
    for (int round = 0; round < plan_.rounds; ++round) {
      const auto result = SLIPWAY_TRY(run(100, next, plan_.time));
      rates.push_back(result.per_second());
      slowest.push_back(result.percentile(0.99));
      costs.push_back(cost_of_one_);
    }
    note("CPU time per mixed request", "us", base::median(costs));
    note("mixed 90/10 requests/s, 100 connections", "/s", base::median(rates));
    note("mixed 90/10 p99, 100 connections", "ms", base::median(slowest));
    return {};
  }

  Status measure_fan_out(double rate) {
    const std::string path = kind_.collection("watched");
    for (int i = 0; i < 10; ++i) {
      const auto made = SLIPWAY_TRY(load_->ask("POST", path, kind_.object(fmt::format("w-{}", i), kEventBytes)));
      if (made.status != 201 && made.status != 409)
        return base::fail(base::ErrorCode::kInternal, fmt::format("a watched object: {}", made.status));
    }
    const auto list = SLIPWAY_TRY(load_->ask("GET", path + "?limit=1"));
    std::size_t number = 0;
    const std::function<std::string(std::int64_t)> write = [&](std::int64_t stamp) {
      return render_request(load_->endpoint(), "PATCH", fmt::format("{}/w-{}", path, number++ % 10), kind_.patch(stamp),
                            "application/merge-patch+json");
    };
    const auto at = list.body.find("\"resourceVersion\":\"");
    const std::string version =
        at == list.body.npos ? "0" : list.body.substr(at + 19, list.body.find('"', at + 19) - at - 19);
    FanOutOptions options;
    options.watchers = plan_.watchers;
    options.writes_per_second = rate;
    options.time = plan_.time;
    const auto result = SLIPWAY_TRY(
        run_fan_out(load_->endpoint(), context_.get(), path + "?watch=1&resourceVersion=" + version, write, options));
    const std::string name = fmt::format("{} watchers, {:.0f} writes/s", plan_.watchers, rate);
    note("fan-out events/s, " + name, "/s", result.events_per_second);
    note("fan-out p99 lag, " + name, "ms", result.p99_lag);
    note("fan-out writes acknowledged/s, " + name, "/s", result.writes_per_second);
    note("fan-out watches cut, " + name, "", static_cast<double>(result.cut));
    note(fmt::format("resident during fan-out, {} writes/s", rate), "MiB", server_->resident_total());
    return {};
  }

  Status measure_cold_start() {
    load_.reset();
    const std::string probe = fmt::format("{}/d-{:07}", kind_.collection(), objects_ / 2);
    std::vector<double> seconds;
    for (int round = 0; round < plan_.rounds; ++round) {
      server_->stop();
      seconds.push_back(SLIPWAY_TRY(server_->start(probe)));
    }
    note(fmt::format("cold start, {} objects", objects_), "s", base::median(seconds));
    load_ = std::make_unique<Load>(server_->endpoint(), context_.get());
    std::this_thread::sleep_for(3s);
    note(fmt::format("resident after restart, {} objects", objects_), "MiB", server_->resident_total());
    return {};
  }

  std::string name() const { return server_->name(); }
  void stop() {
    load_.reset();
    server_->stop();
  }

 private:
  void note(const std::string& figure, const std::string& unit, double value) {
    say(fmt::format("{}: {} {:.4g} {}", server_->name(), figure, value, unit));
    add_measure(measures_, figure, unit, server_->name() == "slipwayd", value);
  }

  // A refused request is an error.
  static Result<LoadResult> checked(Result<LoadResult> result) {
    if (!result || result->refused == 0) return result;
    return base::fail(base::ErrorCode::kInternal, fmt::format("{} of {} requests were refused, the first with {}",
                                                              result->refused, result->answers, result->first_refusal));
  }

  // As Load::run; notes what one request cost the server.
  Result<LoadResult> run(std::size_t connections, const Load::Next& next, std::chrono::milliseconds time) {
    const double before = server_->processor_seconds();
    auto result = SLIPWAY_TRY(checked(load_->run(connections, next, time)));
    cost_of_one_ = (server_->processor_seconds() - before) * 1e6 / static_cast<double>(result.answers);
    return result;
  }

  // Creates of new objects, until there are `end`.
  Load::Next next_create(std::size_t end) {
    // Made once, so that the load generator uses little of the processors that it shares with the server.
    return [this, end,
            pattern =
                ObjectPattern(kind_.object("d-0000000", kObjectBytes), "d-0000000")]() -> std::optional<std::string> {
      if (objects_ >= end) return std::nullopt;
      return render_request(load_->endpoint(), "POST", kind_.collection(),
                            pattern.with_name(fmt::format("d-{:07}", objects_++)));
    };
  }

  Result<LoadResult> create(std::size_t connections, std::size_t count) {
    return run(connections, next_create(objects_ + count), 1h);
  }

  // The median latency of one request, sent `times` times one after the other after a warm-up.
  Result<LoadResult> repeat(const std::string& target, std::size_t times, std::size_t warm_up) {
    const auto requests = [&](std::size_t count) {
      return [this, &target, left = count]() mutable -> std::optional<std::string> {
        if (left == 0) return std::nullopt;
        --left;
        return render_request(load_->endpoint(), "GET", target);
      };
    };
    SLIPWAY_TRY(run(1, requests(warm_up), 1h));
    return run(1, requests(times), 1h);
  }

  Status measure_page(const std::string& at) {
    const auto page = SLIPWAY_TRY(repeat(kind_.collection() + "?limit=50", 200, 20));
    note("page of 50" + at, "ms", page.percentile(0.5));
    return {};
  }
  Status measure_get(const std::string& at) {
    const auto get = SLIPWAY_TRY(repeat(kind_.collection() + "/d-0000007", 500, 50));
    note("get" + at, "ms", get.percentile(0.5));
    return {};
  }
  Status measure_list(const std::string& at) {
    const auto list = SLIPWAY_TRY(repeat(kind_.collection(), static_cast<std::size_t>(plan_.rounds) * 3, 2));
    note("list" + at, "ms", list.percentile(0.5));
    note("list" + at + ": bytes", "MB", static_cast<double>(list.body_bytes) / 1e6 / static_cast<double>(list.answers));
    return {};
  }

  std::unique_ptr<Server> server_;
  const Plan& plan_;
  std::vector<Measure>& measures_;
  ObjectKind kind_{false};
  SslContext context_;
  std::unique_ptr<Load> load_;
  std::size_t objects_ = 0;
  double cost_of_one_ = 0;  // us of the server's processor time, in the last run()
  double empty_resident_ = 0;
};

// What the load generator can take from a server that does nothing.
Status measure_ceiling(const Plan& plan, std::vector<Measure>& measures) {
  const EchoServer echo = SLIPWAY_TRY(EchoServer::start(kObjectBytes, kEventBytes));
  const SslContext context = SLIPWAY_TRY(client_context(echo.endpoint()));
  Load load(echo.endpoint(), context.get());
  const std::string body(kObjectBytes, 'x');
  const auto next = [&]() -> std::optional<std::string> {
    return render_request(echo.endpoint(), "POST", "/echo", body);
  };
  for (const std::size_t connections : {100u, 1'000u}) {
    const auto result = SLIPWAY_TRY(load.run(connections, next, plan.time));
    add_measure(measures, fmt::format("load generator's ceiling: requests/s, {} connections", connections), "/s", true,
                result.per_second());
  }
  FanOutOptions options;
  options.watchers = plan.watchers;
  options.time = plan.time;
  const auto streamed = SLIPWAY_TRY(run_fan_out(echo.endpoint(), context.get(), "/stream", {}, options));
  add_measure(measures, fmt::format("load generator's ceiling: events/s, {} watchers", plan.watchers), "/s", true,
              streamed.events_per_second);
  return {};
}

Status run(const Plan& plan, const std::filesystem::path& slipwayd, const std::filesystem::path& kubernetes,
           const std::filesystem::path& folder, const std::filesystem::path& figures) {
  std::vector<Measure> measures;
  say("the load generator alone");
  SLIPWAY_TRY(measure_ceiling(plan, measures));
  std::vector<std::unique_ptr<Side>> sides;
  bool custom = true;
  const auto open_side = [&](bool ours) -> Status {
    const auto make = [&] {
      return std::make_unique<Side>(
          ours ? make_slipwayd(slipwayd, folder / "slipwayd") : make_kubernetes(kubernetes, folder / "kubernetes"),
          plan, measures);
    };
    auto side = make();
    Status started = side->start(custom);
    if (!started && started.error().code() == base::ErrorCode::kUnsupported && custom) {
      say("no definitions at run time: ConfigMaps on both sides");
      custom = false;
      side->stop();
      side = make();
      started = side->start(custom);
    }
    SLIPWAY_TRY(started);
    sides.push_back(std::move(side));
    return {};
  };
  SLIPWAY_TRY(open_side(true));
  if (!plan.only_slipwayd) SLIPWAY_TRY(open_side(false));
  for (const std::size_t size : plan.sizes) {
    for (const auto& side : sides) SLIPWAY_TRY(side->grow(size).with_context(side->name()));
    for (const auto& side : sides) SLIPWAY_TRY(side->measure_size(size).with_context(side->name()));
    if (size != 10'000) continue;
    for (const auto& side : sides) SLIPWAY_TRY(side->measure_mixed().with_context(side->name()));
    for (const double rate : {50.0, 2'000.0})
      for (const auto& side : sides) SLIPWAY_TRY(side->measure_fan_out(rate).with_context(side->name()));
  }
  for (const auto& side : sides) SLIPWAY_TRY(side->measure_cold_start().with_context(side->name()));
  for (const double rate : kPaces)
    for (const auto& side : sides) SLIPWAY_TRY(side->measure_paced(rate).with_context(side->name()));
  sides.clear();
  fmt::print("{}", report(measures, custom ? "custom resources with a schema" : "ConfigMaps"));
  return write_report(figures, measures);
}

}  // namespace
}  // namespace slipway::bench

int main(int argc, char** argv) {
  using namespace slipway;
  std::signal(SIGPIPE, SIG_IGN);
  bench::Plan plan;
  std::string slipwayd, kubernetes, folder, figures = "build/figures";
  bool is_long = false;
  CLI::App app("The resource plane beside kube-apiserver + etcd", "slipway_plane_bench");
  app.add_option("--slipwayd", slipwayd, "program")->required();
  app.add_option("--kubernetes", kubernetes, "folder with kube-apiserver and etcd");
  app.add_option("--data", folder, "empty folder on the disk to measure on")->required();
  app.add_option("--figures", figures, "folder for plane.json");
  app.add_option("--sizes", plan.sizes, "numbers of objects, growing")->delimiter(',');
  app.add_option("--watchers", plan.watchers, "open watches");
  app.add_flag("--long", is_long, "more and longer rounds; also lists of 100,000");
  app.add_flag("--only-slipwayd", plan.only_slipwayd, "without the rival");
  CLI11_PARSE(app, argc, argv);
  if (is_long) {
    plan.rounds = 7;
    plan.time = std::chrono::milliseconds(15'000);
    plan.most_listed = 100'000;
  }
  const base::Status done = bench::run(plan, slipwayd, kubernetes, folder, figures);
  if (done) return 0;
  fmt::print(stderr, "bench-plane: {}\n", done.error().message());
  return 1;
}
