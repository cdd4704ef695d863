#include "standalone/convert.h"

#include "data/yaml.h"
#include "standalone/raw_text.h"
#include "standalone/testing.h"

namespace slipway::standalone {
namespace {

using data::Json;

Json converted(std::string_view text, std::string expected_problems = "") {
  const Conversion conversion = convert_raw_text(text);
  std::string problems;
  for (const Problem& problem : conversion.problems) problems += to_text(problem, "old") + "\n";
  EXPECT_EQ(problems, expected_problems);
  if (!has_errors(conversion.problems)) testing::read(conversion.yaml);
  const auto parsed = data::parse_yaml(conversion.yaml);
  EXPECT_TRUE(parsed) << conversion.yaml;
  return parsed.value_or(Json());
}

const Json& commands_of(const Json& configuration) {
  return configuration.get({"kubernetes", "spec", "template", "spec", "postK3sCommands"});
}

// 3.0.x: proxies in both letter cases, key, user, password.
TEST(Convert, TheFirstGeneration) {
  const Json made = converted(
      "# Proxy\nhttp_proxy=\"http://p.example.com:8080\"\nhttps_proxy=''\nno_proxy=localhost,10.0.0.0/8\n"
      "HTTP_PROXY=\"http://p.example.com:8080\"\nHTTPS_PROXY=\"\"\nNO_PROXY=localhost,10.0.0.0/8\n"
      "ssh_key='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHtoZaXwTpPzVNWpS5bBzVYw3v7ZC4p9XbsV2oO0b1Qk me'\n"
      "user_name=\"user\"\npasswd=\"a=b=c\"  # all of it\n");
  const Json& system = made["operatingSystem"];
  EXPECT_EQ(system.text({"proxy", "httpProxy"}), "http://p.example.com:8080");
  EXPECT_FALSE(system["proxy"].contains("httpsProxy"));
  EXPECT_EQ(system["users"].items()[0].text({"password"}), "a=b=c");  // nothing behind a second '=' is lost
  EXPECT_TRUE(system.text({"sshKey"}).ends_with(" me"));
}

// 3.0.11: kind of host, disk, and the YAML part.
TEST(Convert, TheYamlPart) {
  const Json made = converted(
      "user_name=user\npasswd=word\nhost_type=\"kubernetes\"\nlvm_size_ingb=\"10\"\n"
      "services:\n  enable: [chrony]\n  disable: ['a b']\n"
      "write_files:\n  - path: /etc/made\n    permissions: 0640\n    content: |\n      one\n      two\n"
      "runcmd:\n  - echo hello\n  - [touch, 'a b']\n",
      "old:4:1: warning: lvm_size_ingb: was left out; it is read by the installer of the disk\n");
  const Json& file = made.get({"operatingSystem", "files"}).items()[0];
  EXPECT_EQ(file.text({"permissions"}), "0640");
  EXPECT_EQ(file.text({"content"}), "one\ntwo\n");
  ASSERT_EQ(commands_of(made).size(), 4u);
  const char* const expected[] = {"systemctl disable --now -- 'a b'", "systemctl enable --now -- chrony", "echo hello",
                                  "touch 'a b'"};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(commands_of(made).items()[i].string_or_empty(), expected[i]);
}

// 3.1.0 and later: huge pages as arithmetic, time servers.
TEST(Convert, SettingsThatBecomeFiles) {
  const Json made =
      converted("huge_page_config=\"12 * 1024\"\nUSER_CUSTOM_NTP_SERVERS=\"a.example.com,b.example.com\"\n");
  const auto& files = made.get({"operatingSystem", "files"}).items();
  EXPECT_EQ(files[0].text({"content"}), "vm.nr_hugepages = 12288\n");
  EXPECT_EQ(files[1].text({"content"}), "[Time]\nNTP=a.example.com b.example.com\n");
}

// 3.1.13 misspelt a key, 3.1.23 spelt it right.
TEST(Convert, StaticAddressWithEitherSpelling) {
  for (const std::string key : {"defualt_gate_way", "default_gate_way"}) {
    const Json made =
        converted("static_ip=192.168.1.10\nsubnet_mask=255.255.255.0\n" + key +
                      "=192.168.1.1\ndns_name_server=192.168.1.2,192.168.1.3\n",
                  "old:1:1: warning: static_ip: is given to every interface en* in "
                  "/etc/systemd/network/10-static.network; name the one interface there when there are several\n");
    EXPECT_EQ(
        made.get({"operatingSystem", "files"}).items()[0].text({"content"}),
        "[Match]\nName=en*\n\n[Network]\nAddress=192.168.1.10/24\nGateway=192.168.1.1\nDNS=192.168.1.2 192.168.1.3\n");
  }
}

TEST(Convert, WhatIsNotKnownIsTold) {
  converted("colour=blue\nsome words\ndeploy_envmt=\"ven\"\nextra:\n",
            "old:1:1: warning: colour: is not known and was left out; write it into the new file by hand\n"
            "old:2:1: warning: the line is not understood and was left out; write it into the new file by hand\n"
            "old:3:1: warning: deploy_envmt: was left out; it is read by the installer of the disk\n"
            "old:4:1: warning: the line is not understood and was left out; write it into the new file by hand\n");
}

// Nothing of the old file is executed.
TEST(Convert, ShellIsRefused) {
  struct Row {
    std::string line, problem;
  };
  for (const Row& row :
       {Row{"user_name=$(reboot)", "is computed by a shell"}, Row{"user_name=\"`reboot`\"", "is computed by a shell"},
        Row{"user_name=$HOME", "is computed by a shell"}, Row{"user_name=a;reboot", "holds a shell command"},
        Row{"user_name=a reboot", "has words behind the value"},
        Row{"user_name=\"a", "has a quote that is not closed"}})
    converted(row.line, "old:1:1: user_name: " + row.problem + "; write the value itself, in single quotes\n");
  converted(
      "host_type=container\n",
      "old:1:1: host_type: 'container' has no counterpart: this program makes Kubernetes nodes only; keep the older "
      "installer for this host, or write host_type=\"kubernetes\"\n");
}

TEST(Convert, OtherEncodingsAreRefused) {
  converted("a=b\nuser_name=J\xfcrgen\n", "old:2:1: the file is not UTF-8 text; save it as UTF-8\n");
  converted("user_name=J\xfc", "old:1:1: the file is not UTF-8 text; save it as UTF-8\n");
}

TEST(Convert, Arithmetic) {
  EXPECT_EQ(compute("12 * 1024"), 12288);
  EXPECT_EQ(compute("(1+2)*3-4/2"), 7);
  for (const char* text : {"", "x", "1 +", "(1", "1/0", "-5", "0", "99999999999", "1 2"})
    EXPECT_FALSE(compute(text)) << text;
}

}  // namespace
}  // namespace slipway::standalone
