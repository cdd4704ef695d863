#include <filesystem>
#include <fmt/core.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/subprocess.h"
#include "standalone/embedded.h"
#include "standalone/testing.h"

namespace slipway::standalone {
namespace {

namespace fs = std::filesystem;
using testing::configuration_text;
using testing::document_of;

// The runner on a host in a scratch folder. An install script stands in for K3s': it makes the service and the
// datastore.
class FirstBoot : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "writes files of root";
    auto folder = base::TemporaryFolder::create("first-boot");
    ASSERT_TRUE(folder);
    folder_.emplace(std::move(*folder));
    for (const char* name : {"etc/systemd/system", "var/lib", "run", "opt", "outside"})
      fs::create_directories(folder_->path() / name);
    write("opt/install.sh", fmt::format("mkdir -p '{0}/var/lib/rancher/k3s/server/db'\n"
                                        "touch '{0}/etc/systemd/system/k3s.service'\n"
                                        "echo \"force=$INSTALL_K3S_FORCE_RESTART\" >> '{0}/installs'\n"
                                        "env | grep -i _proxy | sort > '{0}/install-proxies'\nexit 0\n",
                                        root()));
    healthy_machine();
  }

  // What preflight asks a machine.
  void healthy_machine() {
    write("proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\n");
    write("proc/filesystems", "nodev\toverlay\n");
    write("proc/cgroups", "cpuset 1 1 1\ncpu 1 1 1\nmemory 1 1 1\npids 1 1 1\n");
    write("proc/net/route",
          "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n"
          "eth0\t00000000\tFE00630A\t0003\t0\t0\t0\t00000000\n"
          "eth0\t0000630A\t00000000\t0001\t0\t0\t0\t00FFFFFF\n");
    write("proc/sys/kernel/hostname", "edge\n");
    for (const char* folder : {"proc/sys/net/bridge", "proc/sys/net/netfilter", "usr/local/bin"})
      fs::create_directories(folder_->path() / folder);
    write("usr/local/bin/k3s", "");
    fs::permissions(folder_->path() / "usr/local/bin/k3s", fs::perms::all);
    write("var/lib/rancher/k3s/agent/images/images.tar", "");
  }

  std::string root() const { return folder_->path().string(); }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((folder_->path() / path).parent_path());
    ASSERT_TRUE(base::write_file_atomically(folder_->path() / path, text, 0644));
  }
  std::string text_of(const std::string& path) { return base::read_file(folder_->path() / path).value_or("(no file)"); }
  bool exists(const std::string& path) { return fs::exists(fs::symlink_status(folder_->path() / path)); }

  // What cloud-init does at a boot: it stages the files of the document and runs its one command.
  base::ProcessResult boot(const std::string& configuration) {
    const cloudinit::Document document = document_of(configuration);
    fs::remove_all(folder_->path() / "stage");
    for (const cloudinit::WriteFile& file : document.files) {
      std::string content = file.content;
      // The paths of the real host, below the scratch folder.
      if (file.path.ends_with("/commands") || file.path.ends_with("/install"))
        for (const std::string_view path : {"/run/cluster-api", "/opt/install.sh"})
          for (std::size_t at = 0; (at = content.find(path, at)) != content.npos; at += root().size() + path.size())
            content.insert(at, root());
      write("stage" + file.path.substr(kStagingFolder.size()), content);
    }
    const auto result = base::run_process(
        {.argv = {"env", "SLIPWAY_ROOT=" + root(), "sh", root() + "/stage/first-boot"}, .working_folder = root()});
    EXPECT_TRUE(result);
    return *result;
  }

  // Every file below etc and var with its content, mode and time.
  std::map<std::string, std::string> snapshot() {
    std::map<std::string, std::string> files;
    for (const char* top : {"etc", "var"})
      for (const auto& entry : fs::recursive_directory_iterator(folder_->path() / top)) {
        struct stat state{};
        if (::lstat(entry.path().c_str(), &state) != 0 || !S_ISREG(state.st_mode)) continue;
        files[entry.path().string()] =
            fmt::format("{:o} {} {}.{} {}", state.st_mode, state.st_ino, state.st_mtim.tv_sec, state.st_mtim.tv_nsec,
                        base::read_file(entry.path()).value_or(""));
      }
    return files;
  }

  std::optional<base::TemporaryFolder> folder_;
};

const char* const kFilesAndCommands =
    "        files:\n"
    "          - path: /etc/made/a file\n"
    "            permissions: \"0600\"\n"
    "            content: \"it's $(here) `x` \\\"y\\\" \\\\ \\n\"\n"
    "        preK3sCommands: ['echo pre >> \"$SLIPWAY_ROOT/order\"; export WORD=kept']\n"
    "        postK3sCommands: ['echo post $WORD >> \"$SLIPWAY_ROOT/order\"']\n";

TEST_F(FirstBoot, WritesFilesAndRunsCommandsInOrder) {
  const auto result = boot(configuration_text(kFilesAndCommands));
  EXPECT_EQ(result.exit_code, 0) << result.standard_output << result.standard_error;
  EXPECT_EQ(text_of("etc/made/a file"), "it's $(here) `x` \"y\" \\ \n");
  struct stat state{};
  ASSERT_EQ(::stat((root() + "/etc/made/a file").c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 07777u, 0600u);
  EXPECT_EQ(text_of("order"), "pre\npost kept\n");
  EXPECT_NE(text_of("etc/rancher/k3s/config.yaml").find("cluster-init: true"), std::string::npos);
}

TEST_F(FirstBoot, TheSecondRunChangesNothing) {
  const std::string configuration =
      configuration_text(kFilesAndCommands, "  proxy: {httpProxy: http://p.example.com:8080, noProxy: \"*\"}\n");
  write("etc/environment", "PATH=/usr/bin");
  ASSERT_EQ(boot(configuration).exit_code, 0);
  EXPECT_EQ(text_of("etc/environment"),
            "PATH=/usr/bin\n# BEGIN slipway-standalone\nhttp_proxy=http://p.example.com:8080\n"
            "HTTP_PROXY=http://p.example.com:8080\nno_proxy=*\nNO_PROXY=*\n# END slipway-standalone\n");
  EXPECT_NE(text_of("install-proxies").find("HTTP_PROXY=http://p.example.com:8080"), std::string::npos);
  const auto before = snapshot();
  const auto again = boot(configuration);
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(snapshot(), before);
  EXPECT_EQ(text_of("order"), "pre\npost kept\n");
  EXPECT_EQ(text_of("installs"), "force=\n");
  EXPECT_NE(again.standard_output.find("applied already"), std::string::npos);
}

// An image whose /etc is new at every boot, while the cluster's data stays.
TEST_F(FirstBoot, WritesAgainWhatTheImageForgot) {
  const std::string configuration = configuration_text(kFilesAndCommands);
  ASSERT_EQ(boot(configuration).exit_code, 0);
  fs::remove_all(folder_->path() / "etc");
  fs::create_directories(folder_->path() / "etc/systemd/system");
  EXPECT_EQ(boot(configuration).exit_code, 0);
  EXPECT_TRUE(exists("etc/made/a file"));
  EXPECT_TRUE(exists("etc/systemd/system/k3s.service"));
  EXPECT_EQ(text_of("order"), "pre\npost kept\n");  // the commands are not run again
}

TEST_F(FirstBoot, AppliesAChangedConfiguration) {
  ASSERT_EQ(boot(configuration_text(kFilesAndCommands)).exit_code, 0);
  write("etc/made/changed", "");
  const auto changed = boot(configuration_text("        postK3sCommands: ['echo new >> \"$SLIPWAY_ROOT/order\"']\n"));
  EXPECT_EQ(changed.exit_code, 0) << changed.standard_error;
  EXPECT_EQ(text_of("order"), "pre\npost kept\nnew\n");
  EXPECT_EQ(text_of("installs"), "force=\nforce=true\n");
  EXPECT_FALSE(exists("etc/made/a file"));  // the configuration does not have it any more
  EXPECT_TRUE(exists("etc/made/changed"));  // somebody else's
}

TEST_F(FirstBoot, KeepsAFormerFileThatSomebodyChanged) {
  ASSERT_EQ(boot(configuration_text(kFilesAndCommands)).exit_code, 0);
  write("etc/made/a file", "edited");
  EXPECT_EQ(boot(configuration_text()).exit_code, 0);
  EXPECT_EQ(text_of("etc/made/a file"), "edited");
}

TEST_F(FirstBoot, RefusesOtherNetworksForAClusterThatIsThere) {
  ASSERT_EQ(boot(configuration_text("        serverConfig: {clusterCidr: 10.50.0.0/16}\n")).exit_code, 0);
  const auto before = snapshot();
  const auto refused =
      boot(configuration_text("        serverConfig: {clusterCidr: 10.60.0.0/16}\n"
                              "        files: [{path: /etc/new, content: new file}]\n"));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(
      refused.standard_error.find("clusterCidr is 10.50.0.0/16 in this cluster and 10.60.0.0/16 in the configuration"),
      std::string::npos)
      << refused.standard_error;
  EXPECT_EQ(snapshot(), before);
}

TEST_F(FirstBoot, RefusesAClusterOfSomebodyElse) {
  fs::create_directories(folder_->path() / "var/lib/rancher/k3s/server/db");
  const auto before = snapshot();
  const auto refused = boot(configuration_text(kFilesAndCommands));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.standard_error.find("no standalone configuration made"), std::string::npos);
  EXPECT_EQ(snapshot(), before);
}

TEST_F(FirstBoot, LinksDoNotLeadOut) {
  struct Row {
    std::string link, target, file;
    bool refused;
  };
  const std::string outside = root() + "/outside";
  for (const Row& row :
       {Row{"etc/made", outside, "/etc/made/f", true}, Row{"etc/made", "../outside", "/etc/made/deep/f", true},
        Row{"etc/made", "/nowhere/at/all", "/etc/made/f", true},
        Row{"var/made", root() + "/etc/systemd", "/var/made/f", false},
        Row{"etc/a-file", outside + "/victim", "/etc/a-file", false}}) {
    SCOPED_TRACE(row.link + " -> " + row.target);
    write("outside/victim", "untouched");
    fs::create_symlink(row.target, folder_->path() / row.link);
    const auto result = boot(configuration_text(
        "        files: [{path: /etc/first, content: new file}, {path: " + row.file + ", content: new file}]\n"));
    EXPECT_EQ(result.exit_code != 0, row.refused) << result.standard_error;
    EXPECT_EQ(text_of("outside/victim"), "untouched");
    EXPECT_EQ(std::distance(fs::directory_iterator(outside), fs::directory_iterator()), 1);
    EXPECT_EQ(exists("etc/first"), !row.refused);  // nothing at all is written when one file is refused
    EXPECT_EQ(text_of(row.file.substr(1)), row.refused ? "(no file)" : "new file");
    fs::remove_all(folder_->path() / row.link);
    fs::remove_all(folder_->path() / "var/lib/rancher");
    fs::remove(folder_->path() / "etc/first");
  }
}

TEST_F(FirstBoot, ACommandThatFailsOrLeavesIsTriedAgain) {
  for (const char* command : {"false", "exit 0", "'unbalanced"}) {
    SCOPED_TRACE(command);
    const std::string configuration = configuration_text(fmt::format("        preK3sCommands: [\"{}\"]\n", command));
    EXPECT_EQ(boot(configuration).exit_code, 1);
    EXPECT_EQ(boot(configuration).exit_code, 1);
    EXPECT_FALSE(exists("installs"));
    EXPECT_FALSE(exists("var/lib/rancher/slipway-standalone/applied"));
  }
  EXPECT_EQ(boot(configuration_text()).exit_code, 0);
}

TEST_F(FirstBoot, RemovesAFileOfAConfigurationThatFailed) {
  ASSERT_EQ(boot(configuration_text()).exit_code, 0);
  const auto failed =
      boot(configuration_text("        files: [{path: /etc/made, content: new file}]\n"
                              "        postK3sCommands: ['false']\n"));
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_TRUE(exists("etc/made"));
  EXPECT_EQ(boot(configuration_text("        postK3sCommands: ['true']\n")).exit_code, 0);
  EXPECT_FALSE(exists("etc/made"));
}

TEST_F(FirstBoot, ALinkAsEnvironmentIsReplaced) {
  write("outside/victim", "untouched");
  fs::create_symlink(root() + "/outside/victim", folder_->path() / "etc/environment");
  ASSERT_EQ(boot(configuration_text("", "  proxy: {httpProxy: http://p.example.com, noProxy: \"*\"}\n")).exit_code, 0);
  EXPECT_EQ(text_of("outside/victim"), "untouched");
  EXPECT_FALSE(fs::is_symlink(folder_->path() / "etc/environment"));
}

TEST_F(FirstBoot, TakesItsLinesOutOfTheEnvironmentAgain) {
  write("etc/environment", "A=b\n");
  ASSERT_EQ(boot(configuration_text("", "  proxy: {httpProxy: http://p.example.com, noProxy: \"*\"}\n")).exit_code, 0);
  ASSERT_EQ(boot(configuration_text()).exit_code, 0);
  EXPECT_EQ(text_of("etc/environment"), "A=b\n");
}

TEST_F(FirstBoot, PreflightStopsBeforeK3sWithTheReason) {
  struct Row {
    const char *path, *content, *reason;  // content nullptr: the file is not there
  };
  for (const Row& row : {
           Row{"proc/self/mounts", "none / ext4 rw 0 0\nnone /var overlay rw 0 0\n", "/var/lib/rancher is on overlay"},
           Row{"proc/self/mounts", "none / ext4 rw 0 0\nnone /var/lib tmpfs rw 0 0\n", "is in memory (tmpfs)"},
           Row{"proc/self/mounts", "none / ext4 rw 0 0\nhost:/x /var/lib/rancher nfs4 rw 0 0\n", "is on nfs4"},
           Row{"proc/filesystems", "\text4\n", "no overlay file system"},
           Row{"proc/cgroups", "cpuset 1 1 1\ncpu 1 1 1\nmemory 1 1 0\npids 1 1 1\n",
               "controllers are missing: memory"},
           Row{"proc/net/route", "Iface\n", "no default route"},
           Row{"proc/net/route",
               "Iface\neth0 00000000 0100000A 0003 0 0 0 00000000\neth0 0000320A 00000000 0001 0 0 0 0000FFFF\n",
               "clusterCidr 10.50.0.0/16 overlaps with the host's own network 10.50.0.0/16 on eth0"},
           Row{"proc/net/tcp6", "sl local rem st\n0: 00000000000000000000000000000000:192B 0:0 0A\n", "6443/tcp"},
           Row{"proc/net/udp", "sl local rem st\n0: 00000000:2118 0:0 07\n", "8472/udp"},
           Row{"proc/sys/kernel/hostname", "localhost\n", "the host is called 'localhost'"},
           Row{"proc/sys/kernel/hostname", "Edge_1\n", "'Edge_1' is no name for a node"},
           Row{"usr/local/bin/k3s", nullptr, "no K3s at /usr/local/bin/k3s"},
       }) {
    SCOPED_TRACE(row.reason);
    healthy_machine();
    if (row.content == nullptr) {
      fs::remove(folder_->path() / row.path);
    } else {
      write(row.path, row.content);
    }
    const auto result = boot(configuration_text("        serverConfig: {clusterCidr: 10.50.0.0/16}\n"));
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_NE(result.standard_error.find("preflight: K3s was not started"), std::string::npos);
    EXPECT_NE(result.standard_error.find(row.reason), std::string::npos)
        << result.standard_output << result.standard_error;
    EXPECT_FALSE(exists("installs"));
    fs::remove_all(folder_->path() / "proc");
  }
  healthy_machine();
  write("proc/sys/kernel/hostname", "localhost\n");
  write("etc/slipway-standalone/ignore-preflight", "");
  EXPECT_EQ(boot(configuration_text()).exit_code, 0);
  EXPECT_TRUE(exists("installs"));
}

TEST(FirstBootScript, ShellcheckFindsNothing) {
  const auto found = base::run_process({.argv = {"shellcheck", "--version"}});
  if (!found || found->exit_code != 0) GTEST_SKIP() << "shellcheck is not installed";
  const std::string folder = SLIPWAY_STANDALONE_FOLDER;
  const auto result = base::run_process(
      {.argv = {"shellcheck", "-S", "warning", "-s", "sh", folder + "/first_boot.sh", folder + "/preflight.sh"}});
  EXPECT_EQ(result->exit_code, 0) << result->standard_output;
}

}  // namespace
}  // namespace slipway::standalone
