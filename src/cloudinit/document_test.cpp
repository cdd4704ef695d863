#include "cloudinit/document.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/files.h"
#include "base/subprocess.h"
#include "cloudinit/content_encoding.h"
#include "data/encoding.h"
#include "data/gzip.h"
#include "data/shell_quote.h"

namespace slipway::cloudinit {
namespace {

std::string gzip(std::string_view bytes) {
  return data::gzip_compress(bytes, 9);
}

// Everything that has gone wrong in such documents before: numbers, quotes, templates, blank ends, binary.
Document awkward_document() {
  Document document;
  document.files = {
      {"/etc/rancher/k3s/config.yaml", "token: \"12345678901234567890123456789012\"\n", "root:root", "0640"},
      {"/tmp/12e3", "12e3", "root", "0600"},
      {"/tmp/jinja", "{{ x }} {% if %} ## y\n\n\n", "root:root", "0644"},
      {"/tmp/binary", std::string("\x00\x01\xff", 3), "root:root", "0644"},
      {"/tmp/empty", "", "root:root", "0644"},
      {"/tmp/spaces", "  leading\n\ttab\ntrailing  \n", "root:root", "0644"},
      {"/tmp/a: b #c", "yes", "www-data:www-data", "1755"}};
  document.boot_commands = {{{"mkdir", "-p", "/run/x"}, ""}};
  document.run_commands = {{{}, "echo \"$HOME\" 'it'\\''s' > /tmp/out"},
                           {{"sh", "-c", "exit 0", "", "$(reboot)", "a\nb"}, ""},
                           {{}, "null"},
                           {{}, "0x10"},
                           {{}, "- not a list: at all"},
                           {{}, "cat <<X\nline\nX"}};
  return document;
}

TEST(Render, ReadsBackEqual) {
  const auto text = render(awkward_document());
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_TRUE(text->starts_with("#cloud-config\n"));
  EXPECT_EQ(text->find("## template"), std::string::npos);
  const auto back = parse(*text);
  ASSERT_TRUE(back) << back.error().message() << "\n" << *text;
  EXPECT_EQ(*back, awkward_document()) << *text;
}

TEST(Render, AnyTextSurvives) {
  EXPECT_TRUE(rc::check([](const std::string& content, const std::vector<std::string>& raw) {
    Document document;
    document.files.push_back({"/tmp/file", content, "root:root", "0644"});
    Command command;
    for (const std::string& argument : raw)
      if (data::is_valid_utf8(argument) && argument.find('\0') == argument.npos) command.arguments.push_back(argument);
    if (!command.arguments.empty()) document.run_commands.push_back(command);
    const auto text = render(document);
    RC_ASSERT(text.has_value());
    const auto back = parse(*text);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == document);
  }));
}

TEST(Render, RefusesWhatCannotBeSaid) {
  struct Row {
    WriteFile file;
    std::string_view message;
  };
  for (const Row& row :
       {Row{{"relative", "", "root", "0644"}, "must be absolute"},
        Row{{"/a/../b", "", "root", "0644"}, "must be absolute"}, Row{{"/a/", "", "root", "0644"}, "must be absolute"},
        Row{{"/a\nb", "", "root", "0644"}, "must be absolute"}, Row{{"/a", "", "root; reboot", "0644"}, "owner"},
        Row{{"/a", "", "root", "rw-r--r--"}, "permissions"}, Row{{"/a", "", "root", "0649"}, "permissions"}}) {
    const auto text = render({.files = {row.file}});
    ASSERT_FALSE(text) << row.file.path;
    EXPECT_NE(text.error().message().find(row.message), std::string::npos) << text.error().message();
  }
  EXPECT_FALSE(render({.run_commands = {Command{}}}));
}

TEST(Parse, DecodesContent) {
  const std::string packed = data::base64_encode(gzip("hello\n"));
  const auto document = parse(
      "#cloud-config\nwrite_files:\n- {path: /a, content: aGVs bG8=, encoding: b64}\n- {path: /b, encoding: gz+b64, "
      "content: " +
      packed + "}\n- {path: /c, content: !!binary aGVsbG8=, encoding: base64, permissions: '0600', owner: 'a:b'}\n");
  ASSERT_TRUE(document) << document.error().message();
  EXPECT_EQ(document->files[0].content, "hello");
  EXPECT_EQ(document->files[1].content, "hello\n");
  EXPECT_EQ(document->files[2].content, "hello");
  EXPECT_EQ(document->files[2].owner, "a:b");
}

TEST(Parse, RefusesByName) {
  struct Row {
    std::string_view text, message;
  };
  const std::string packed_zeros = data::base64_encode(gzip(std::string(40'000'000, '\0')));
  const std::string bomb =
      "#cloud-config\nwrite_files: [{path: /a, encoding: gzip+base64, content: " + packed_zeros + "}]";
  for (const Row& row :
       {Row{"", "first line"},
        Row{"runcmd: []", "first line"},
        Row{"## template: jinja\n#cloud-config\n", "templates"},
        Row{"#cloud-config\n- a", "one mapping"},
        Row{"#cloud-config\npackages: [vim]", "module 'packages'"},
        Row{"#cloud-config\nruncmd: reboot", "runcmd: must be a list"},
        Row{"#cloud-config\nruncmd: [{a: b}]", "runcmd: entry 0"},
        Row{"#cloud-config\nruncmd: [[sleep, 5]]", "quote it"},
        Row{"#cloud-config\nruncmd: [[]]", "is empty"},
        Row{"#cloud-config\nruncmd: ['']", "is empty"},
        Row{"#cloud-config\nwrite_files: [{path: /a, append: true}]", "key 'append'"},
        Row{"#cloud-config\nwrite_files: [{content: a}]", "must be absolute"},
        Row{"#cloud-config\nwrite_files: [{path: /a, content: 12}]", "'content' must be a string"},
        Row{"#cloud-config\nwrite_files: [{path: /a, permissions: 0644}]", "'permissions' must be a string"},
        Row{"#cloud-config\nwrite_files: [{path: /a, content: '%%', encoding: base64}]", "base64"},
        Row{"#cloud-config\nwrite_files: [{path: /a, content: 'aGVsbG8=', encoding: gzip+base64}]", "gzip"},
        Row{"#cloud-config\nwrite_files: [{path: /a, content: a, encoding: rot13}]", "unknown encoding 'rot13'"},
        Row{"#cloud-config\nruncmd: [a]\nruncmd: [b]", "duplicate key"},
        Row{"#cloud-config\nruncmd: [", "line 3"},
        Row{bomb, "unpacks to more than"}}) {
    const auto document = parse(row.text);
    ASSERT_FALSE(document) << row.text.substr(0, 200);
    EXPECT_NE(document.error().message().find(row.message), std::string::npos) << document.error().message();
  }
  EXPECT_FALSE(parse("#cloud-config\nruncmd: [a, b, c]", {.max_entries = 2}));
  EXPECT_FALSE(parse("#cloud-config\nruncmd: [a, b, c]", {.max_bytes = 10}));
  EXPECT_TRUE(parse("#cloud-config\n"));
}

TEST(ShellQuote, MakesOneWord) {
  for (const auto& [text, quoted] :
       std::vector<std::pair<std::string, std::string>>{{"/opt/install.sh", "/opt/install.sh"},
                                                        {"v1.36.3+k3s1", "v1.36.3+k3s1"},
                                                        {"", "''"},
                                                        {"a b", "'a b'"},
                                                        {"X=1", "'X=1'"},
                                                        {"$(reboot)", "'$(reboot)'"},
                                                        {"it's", "'it'\\''s'"}})
    EXPECT_EQ(data::shell_quote(text), quoted);
  const std::string nasty = "a'b\"c$d`e\\f\ng;h|i&j*k?l~m#n!o(p)q<r>s";
  const auto echoed = base::run_process({.argv = {"/bin/sh", "-c", "printf %s " + data::shell_quote(nasty)}});
  ASSERT_TRUE(echoed);
  EXPECT_EQ(echoed->standard_output, nasty);
}

// cloud-init is the judge of what we emit.
TEST(Render, CloudInitAcceptsIt) {
  const auto found = base::run_process({.argv = {"cloud-init", "--version"}});
  if (!found || found->exit_code != 0) GTEST_SKIP() << "cloud-init is not installed";
  const auto folder = base::TemporaryFolder::create("cloudinit-test");
  ASSERT_TRUE(folder);
  const auto file = folder->path() / "user-data";
  ASSERT_TRUE(base::write_file_atomically(file, *render(awkward_document()), 0600));
  const auto checked = base::run_process({.argv = {"cloud-init", "schema", "--config-file", file.string()}});
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->exit_code, 0) << checked->standard_output << checked->standard_error;
}

}  // namespace
}  // namespace slipway::cloudinit
