#include "standalone/command_line.h"

#include <filesystem>
#include <fmt/core.h>
#include <sys/stat.h>

#include "base/files.h"
#include "data/json_text.h"
#include "standalone/embedded.h"
#include "standalone/embedded_version.h"
#include "standalone/password.h"
#include "standalone/testing.h"

namespace slipway::standalone {
namespace {

struct ProgramRun {
  int code = -1;
  std::string out, error;
};

ProgramRun run(const std::vector<std::string>& arguments) {
  ProgramRun result;
  result.code = run_command_line(arguments, {.out = [&](std::string_view text) { result.out += text; },
                                             .error = [&](std::string_view text) { result.error += text; }});
  return result;
}

class CommandLine : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = base::TemporaryFolder::create("bootstrapper");
    ASSERT_TRUE(folder);
    folder_.emplace(std::move(*folder));
  }
  std::string path(const std::string& name) { return (folder_->path() / name).string(); }
  std::string write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(base::write_file_atomically(path(name), text, 0644));
    return path(name);
  }
  std::optional<base::TemporaryFolder> folder_;
};

TEST_F(CommandLine, WritesTheDocumentForItsOwnerAlone) {
  const std::string file = write("config", std::string(default_configuration()));
  const ProgramRun made = run({"-config-file", file, "-out", path("out")});
  EXPECT_EQ(made.code, 0) << made.error;
  EXPECT_EQ(made.error, "");
  struct stat state{};
  ASSERT_EQ(::stat(path("out").c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 07777u, 0600u);
  const ProgramRun printed = run({"--config-file=" + file, "--out=-"});
  EXPECT_EQ(printed.out, *base::read_file(path("out")));
  EXPECT_TRUE(printed.out.starts_with("#cloud-config\n"));
}

TEST_F(CommandLine, AWrongConfigurationLeavesTheOldDocument) {
  const std::string file = write("config", "version: 1.0\n"), out = write("out", "old");
  const ProgramRun made = run({"-config-file", file, "-out", out});
  EXPECT_EQ(made.code, 1);
  EXPECT_EQ(made.error, fmt::format("{0}:1:1: kubernetes: is missing; add the field 'kubernetes'\n"
                                    "{0}: 1 error; nothing was written\n",
                                    file));
  EXPECT_EQ(*base::read_file(out), "old");
}

TEST_F(CommandLine, ChecksAndPrintsThePlan) {
  const std::string file = write("config", std::string(default_configuration()));
  const ProgramRun checked = run({"-config-file", file, "-check"});
  EXPECT_EQ(checked.code, 0);
  EXPECT_EQ(checked.out + checked.error, "");
  const ProgramRun plan = run({"-print-plan", "-config-file", file});
  EXPECT_EQ(plan.code, 0);
  EXPECT_NE(plan.out.find("Write /etc/rancher/k3s/config.yaml"), std::string::npos);
}

TEST_F(CommandLine, UsageAndFilesThatAreNotThere) {
  const std::string file = write("config", std::string(default_configuration()));
  struct Row {
    std::vector<std::string> arguments;
    int code;
    std::string_view part;
  };
  for (const Row& row :
       {Row{{}, 2, "-config-file FILE is missing"}, Row{{"-config-file"}, 2, "-config-file needs a value"},
        Row{{"-config-file", file}, 2, "one of -out FILE, -check and -print-plan"},
        Row{{"-config-file", file, "-check", "-out", "x"}, 2, "one of -out FILE"},
        Row{{"-config-file", file, "-config-file", file, "-check"}, 2, "given twice"},
        Row{{"-confg-file", file}, 2, "unknown option '-confg-file'"}, Row{{"make"}, 2, "unknown command 'make'"},
        Row{{"-config-file", file, "-check", "more"}, 2, "'more' is not expected"},
        Row{{"convert", file}, 2, "convert needs OLD -out NEW"},
        Row{{"-config-file", path("nothing"), "-check"}, 3, "nothing"},
        Row{{"-config-file", file, "-out", path("no/folder")}, 3, "no/folder"},
        Row{{"-config-file", file, "-check", "-manifest", path("nothing")}, 3, "nothing"},
        Row{{"-config-file", file, "-check", "-root", path("root")}, 3, "there is no K3s"}}) {
    const ProgramRun made = run(row.arguments);
    EXPECT_EQ(made.code, row.code) << row.part;
    EXPECT_NE(made.error.find(row.part), std::string::npos) << made.error;
  }
  EXPECT_NE(run({"-help"}).out.find("-print-plan"), std::string::npos);
  EXPECT_TRUE(run({"-version"}).out.starts_with("cluster-bootstrapper "));
  EXPECT_EQ(run({"default"}).out, default_configuration());
}

TEST_F(CommandLine, TheVersionIsTheImages) {
  const std::string file = write("config", testing::configuration_text("        version: v1.33.0+k3s1\n"));
  const std::string other = write("other.json", R"({"kubernetes":{"distribution":"k3s","version":"v1.36.3+k3s1"}})");
  const std::string same = write("same.json", R"({"metadata":{"kubernetes-version":"v1.33.0+k3s1"}})");
  const ProgramRun unknown = run({"-config-file", file, "-check"});
  EXPECT_EQ(unknown.code, 0);
  EXPECT_NE(unknown.error.find("warning: kubernetes.spec.template.spec.version: cannot be checked"), std::string::npos);
  const ProgramRun wrong = run({"-config-file", file, "-check", "-manifest", other});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_NE(wrong.error.find("'v1.33.0+k3s1' is not the K3s of this image, which is v1.36.3+k3s1; leave 'version' out"),
            std::string::npos)
      << wrong.error;
  const ProgramRun right = run({"-config-file", file, "-check", "-manifest", same});
  EXPECT_EQ(right.code, 0);
  EXPECT_EQ(right.error, "");
}

TEST_F(CommandLine, TheVersionIsAskedOfTheMountedImage) {
  std::filesystem::create_directories(path("root/usr/local/bin"));
  write("root/usr/local/bin/k3s", "#!/bin/sh\necho 'k3s version v1.33.0+k3s1 (abcdef)'\n");
  ASSERT_EQ(::chmod(path("root/usr/local/bin/k3s").c_str(), 0755), 0);
  const std::string file = write("config", testing::configuration_text("        version: v1.33.1+k3s1\n"));
  const ProgramRun wrong = run({"-config-file", file, "-check", "-root", path("root")});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_NE(wrong.error.find("which is v1.33.0+k3s1"), std::string::npos) << wrong.error;
}

TEST(EmbeddedVersion, Manifests) {
  struct Row {
    std::string_view json, version, error;
  };
  for (const Row& row : {Row{R"({"kubernetesVersion":"v1.33.0+k3s1"})", "v1.33.0+k3s1", ""},
                         Row{R"([{"k3s":{"version":"1.33.0+k3s1"}}])", "v1.33.0+k3s1", ""},
                         Row{R"({"version":"v1.33.0+k3s1"})", "", "names no version"},
                         Row{R"({"k3s-version":"v1.33.0+k3s1","k3s":{"version":"v1.34.0+k3s1"}})", "", "several"},
                         Row{R"({"k3sVersion":"k3s"})", "", "k3s"}, Row{"{", "", "line"}}) {
    const auto version = version_in_manifest(row.json);
    EXPECT_EQ(version.value_or(""), row.version) << row.json;
    if (!row.error.empty()) {
      ASSERT_FALSE(version) << row.json;
      EXPECT_NE(version.error().message().find(row.error), std::string::npos) << version.error().message();
    }
  }
}

// The hashes are those of `openssl passwd -6`, `-5` and `mkpasswd -m yescrypt`.
TEST(Password, Forms) {
  using enum PasswordForm;
  struct Row {
    std::string_view text;
    PasswordForm form;
  };
  for (const Row& row :
       {Row{"$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/",
            kHash},
        Row{"$6$rounds=5000$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/"
            "jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/",
            kHash},
        Row{"$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7", kBrokenHash}, Row{"$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", kBrokenHash},
        Row{"cGFzc3dvcmQK", kBase64}, Row{"cGFzc3dvcmQ=", kBase64}, Row{"password", kPlain}, Row{"$ecret", kPlain},
        Row{"a:b", kPlain}})
    EXPECT_EQ(classify_password(row.text), row.form) << row.text;
}

TEST(Password, BothFormsOfOnePasswordGiveOneHash) {
  const auto coded = password_hash("cGFzc3dvcmQK", "salt source"), plain = password_hash("password!", "salt source");
  ASSERT_TRUE(coded && plain);
  EXPECT_EQ(*coded, *password_hash("cGFzc3dvcmQ=", "salt source"));
  EXPECT_NE(*coded, *password_hash("cGFzc3dvcmQK", "other source"));
  EXPECT_EQ(classify_password(*coded), PasswordForm::kHash);
  // openssl passwd -6 -salt 8e5b4bd5e1ec1d1a password!
  EXPECT_TRUE(plain->starts_with("$6$"));
}

}  // namespace
}  // namespace slipway::standalone
