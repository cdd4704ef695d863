#include <cstdlib>
#include <gtest/gtest.h>

#include "api/embedded_crds.h"
#include "api/inventory/inventory.h"
#include "api/templates/templates.h"
#include "base/subprocess.h"
#include "cli/command_line.h"
#include "cli/completion.h"
#include "cli/output.h"
#include "data/json_text.h"
#include "data/yaml.h"
#include "kube/local_client.h"
#include "store/memory/memory_store.h"
#include "templates/default_template.h"

namespace slipway::cli {
namespace {

TEST(Output, TablesLineUp) {
  Table table({"NAME", "PHASE"});
  table.add({"edge-1", "Provisioned"});
  table.add({"e", ""});
  EXPECT_EQ(table.text(), "NAME     PHASE\nedge-1   Provisioned\ne        <none>\n");
}

TEST(Output, AgesAndElapsedTimes) {
  base::ManualClock clock;
  const Context context{.clock = &clock};
  struct Row {
    int seconds;
    std::string age;
  };
  for (const Row& row :
       {Row{0, "0s"}, Row{119, "119s"}, Row{200, "3m20s"}, Row{3600, "60m"}, Row{4 * 3600, "4h"}, Row{72 * 3600, "3d"}})
    EXPECT_EQ(age(context, base::format_rfc3339(clock.now() - std::chrono::seconds(row.seconds))), row.age);
  EXPECT_EQ(age(context, "never"), "<unknown>");
  EXPECT_EQ(elapsed(std::chrono::milliseconds(1234)), "1.2 s");
  EXPECT_EQ(elapsed(std::chrono::seconds(125)), "2 min 5 s");
}

// Time passes when somebody waits for it, and `on_wait` happens meanwhile.
class WaitingClock final : public base::Clock {
 public:
  base::WallTime now() const override { return clock_.now(); }
  std::chrono::nanoseconds steady() const override { return clock_.steady(); }
  void wait_until(std::condition_variable_any& /*condition*/, std::unique_lock<std::mutex>& /*lock*/,
                  std::chrono::nanoseconds deadline, const std::stop_token& /*stop*/) override {
    ++waits;
    clock_.advance(deadline - clock_.steady());
    if (on_wait) on_wait();
  }

  int waits = 0;
  std::function<void()> on_wait;

 private:
  base::ManualClock clock_;
};

// Commands against the resource plane in this process.
class Commands : public testing::Test {
 protected:
  Commands() {
    for (const api::EmbeddedFile& file : api::embedded_crds())
      EXPECT_TRUE(registry_.add_crd(*data::parse_yaml(file.content())));
  }

  struct Outcome {
    int exit_code;
    std::string out, err;
  };
  Outcome run(std::vector<const char*> words) {
    words.insert(words.begin(), "slipway");
    char *out = nullptr, *err = nullptr;
    std::size_t out_size = 0, err_size = 0;
    Context context;
    context.clock = &clock_;
    context.out = ::open_memstream(&out, &out_size);
    context.err = ::open_memstream(&err, &err_size);
    const int code = run_command_line(
        static_cast<int>(words.size()), words.data(), context,
        [this](const std::string&, const std::string&, std::string&) -> Result<std::shared_ptr<kube::Client>> {
          return std::shared_ptr<kube::Client>(&client_, [](kube::Client*) {});
        });
    std::fclose(context.out);
    std::fclose(context.err);
    Outcome outcome{code, std::string(out, out_size), std::string(err, err_size)};
    std::free(out);  // NOLINT(cppcoreguidelines-no-malloc): open_memstream's buffer
    std::free(err);  // NOLINT(cppcoreguidelines-no-malloc)
    return outcome;
  }

  std::unique_ptr<store::Store> store_ = store::make_memory_store();
  registry::Registry registry_{*store_, {}};
  kube::LocalClient local_{registry_};
  kube::Client& client_ = local_;
  WaitingClock clock_;
};

TEST_F(Commands, RegisterShowsTheTokenOnceAndStoresOnlyItsHash) {
  const Outcome registered = run({"-o", "json", "host", "register", "edge-1", "--serial", "S-1"});
  ASSERT_EQ(registered.exit_code, 0) << registered.err;
  const std::string token = data::parse_json(registered.out)->text({"joinToken"});
  ASSERT_TRUE(token.starts_with("swj_"));
  const auto secret = client_.get(kube::kSecret, {"default", "edge-1-join-token"});
  ASSERT_TRUE(secret);
  EXPECT_EQ(data::to_json(**secret).find(token), std::string::npos);
  EXPECT_EQ(run({"host", "describe", "edge-1"}).out.find(token), std::string::npos);
  const Outcome renewed = run({"-o", "json", "host", "token", "edge-1"});
  EXPECT_NE(data::parse_json(renewed.out)->text({"joinToken"}), token);
}

TEST_F(Commands, ExitCodesAndMessages) {
  ASSERT_EQ(run({"host", "register", "edge-1", "--serial", "S-1"}).exit_code, 0);
  struct Row {
    std::vector<const char*> words;
    ExitCode code;
    std::string message;
  };
  for (const Row& row :
       {Row{{"host", "register", "edge-2"}, ExitCode::kFailed, "--serial"},
        Row{{"host", "register", "edge-1", "--serial", "S-2"}, ExitCode::kConflict, "already exists"},
        Row{{"host", "describe", "nobody"}, ExitCode::kNotFound, "nobody"},
        Row{{"cluster", "create", "c", "--host", "nobody"}, ExitCode::kNotFound, "slipway host list"},
        Row{{"cluster", "create", "c", "--host", "edge-1"}, ExitCode::kNotFound, "no default cluster template"},
        Row{{"cluster", "timeline", "c"}, ExitCode::kNotFound, "no cluster 'c'"},
        Row{{"host", "frobnicate"}, ExitCode::kUsage, "'frobnicate' is no command of 'host'"},
        Row{{"host", "list", "-o", "xml"}, ExitCode::kUsage, "xml"},
        Row{{"host", "token", "edge-1", "--token-lifetime", "soon"}, ExitCode::kUsage, "not a duration"},
        Row{{"completion", "csh"}, ExitCode::kFailed, "choose bash"}}) {
    const Outcome outcome = run(row.words);
    EXPECT_EQ(outcome.exit_code, static_cast<int>(row.code)) << row.words[1] << outcome.err;
    EXPECT_NE(outcome.err.find(row.message), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(run({"host", "list"}).exit_code, 0);
  EXPECT_NE(run({"host", "list"}).out.find("edge-1"), std::string::npos);
  EXPECT_EQ(data::parse_yaml(run({"host", "list", "-o", "yaml"}).out)->get({"items"}).size(), 1u);
}

// The controller that gives a project its default template may be behind the command.
TEST_F(Commands, CreatingAClusterWaitsForTheDefaultTemplateOfAYoungProject) {
  Json project = meta::make_object(kube::kNamespace, {"", "young"});
  ASSERT_TRUE(client_.create(project));
  ASSERT_EQ(run({"-p", "young", "host", "register", "edge-1", "--serial", "S-1"}).exit_code, 0);
  const auto create = [this] { return run({"-p", "young", "cluster", "create", "c", "--host", "edge-1"}); };

  const auto start = clock_.steady();
  const Outcome never = create();
  EXPECT_EQ(never.exit_code, static_cast<int>(ExitCode::kNotFound));
  EXPECT_NE(never.err.find("no default cluster template in project 'young'"), std::string::npos) << never.err;
  EXPECT_EQ(clock_.steady() - start, std::chrono::seconds(10));

  clock_.waits = 0;
  clock_.on_wait = [this] {
    if (clock_.waits == 2) {
      ASSERT_TRUE(client_.create(templates::default_cluster_template("young")));
    }
    if (clock_.waits == 3) {
      ASSERT_TRUE(client_.patch(
          kube::kNamespace, {"", "young"}, kube::PatchType::kMerge,
          *data::parse_json(R"({"metadata": {"annotations": {"slipway.dev/default-cluster-template": "x"}}})")));
    }
  };
  const Outcome found = create();
  EXPECT_EQ(clock_.waits, 3);
  EXPECT_NE(found.err.find("not Provisioned"), std::string::npos) << found.err;

  // Once given and taken away by an administrator, it is not waited for.
  ASSERT_TRUE(client_.remove(api::templates::kClusterTemplate, {"young", templates::kDefaultTemplateName}));
  clock_.waits = 0;
  const Outcome taken = create();
  EXPECT_EQ(clock_.waits, 0);
  EXPECT_NE(taken.err.find("no default cluster template"), std::string::npos) << taken.err;
}

TEST_F(Commands, BashCompletesCommandsAndOptions) {
  const std::string script = run({"completion", "bash"}).out;
  struct Row {
    std::string words, expected;
  };
  for (const Row& row : {Row{"slipway ''", "cluster"}, Row{"slipway cluster cre", "create"},
                         Row{"slipway cluster create --ho", "--host"}}) {
    const auto result = base::run_process(
        {.argv = {"bash", "-c",
                  script + "\nCOMP_WORDS=(" + row.words +
                      "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _slipway_complete; echo \"${COMPREPLY[@]}\""}});
    ASSERT_TRUE(result);
    EXPECT_NE(result->standard_output.find(row.expected), std::string::npos)
        << row.words << ": " << result->standard_output << result->standard_error;
  }
}

}  // namespace
}  // namespace slipway::cli
