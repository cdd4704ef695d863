#include "daemon/store_commands.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>

#include "store/encryption/encryption.h"
#include "store/snapshot/snapshot.h"
#include "store/sqlite/sqlite_store.h"

namespace slipway::daemon {

namespace {

namespace fs = std::filesystem;

struct Arguments {
  const std::string& data_folder;
  std::string file;
  std::string keys;
};

int refuse(const base::Error& error) {
  fmt::print(stderr, "slipwayd: {}\n", error.message());
  return 1;
}

int lacks_data_folder() {
  fmt::print(stderr, "slipwayd: --data-dir is required\n");
  return 2;
}

std::string key_list(const store::SnapshotDescription& description) {
  std::string all;
  for (const std::string& key : description.keys) all += (all.empty() ? "" : ", ") + key;
  return all.empty() ? "none" : all;
}

int save(const Arguments& arguments) {
  if (arguments.data_folder.empty()) return lacks_data_folder();
  const auto saved = store::save_snapshot(arguments.data_folder, arguments.file);
  if (!saved) return refuse(saved.error());
  fmt::print("{}: revision {}, {} objects, {} of them sealed (keys: {})\n", arguments.file, saved->revision,
             saved->objects, saved->sealed, key_list(*saved));
  if (saved->sealed > 0)
    fmt::print("The keys are not in it. Keep a copy of {} in another safe place.\n",
               store::KeyFile::of(arguments.data_folder).path().string());
  return 0;
}

int restore(const Arguments& arguments) {
  if (arguments.data_folder.empty()) return lacks_data_folder();
  const auto keys = arguments.keys.empty() ? std::nullopt : std::optional<fs::path>(arguments.keys);
  const auto restored = store::restore_snapshot(arguments.file, arguments.data_folder, keys);
  if (!restored) return refuse(restored.error());
  fmt::print("{}: {} objects of revision {} restored; the store goes on at revision {}\n", arguments.data_folder,
             restored->description.objects, restored->description.revision, restored->revision);
  if (!restored->aside.empty())
    fmt::print("What was there is in {}; remove it when you do not need it.\n",
               (fs::path(arguments.data_folder) / restored->aside).string());
  return 0;
}

int verify(const Arguments& arguments) {
  std::optional<fs::path> keys;
  if (!arguments.keys.empty()) {
    keys = arguments.keys;
  } else if (!arguments.data_folder.empty()) {
    keys = store::KeyFile::of(arguments.data_folder).path();
  }
  const auto verdict = store::verify_snapshot(arguments.file, keys);
  if (!verdict) return refuse(verdict.error());
  const store::SnapshotDescription& found = verdict->description;
  fmt::print("{} is good: saved {} by slipwayd {}, revision {}, {} objects, {} of them sealed (keys: {})\n",
             arguments.file, found.created, found.slipway, found.revision, found.objects, found.sealed,
             key_list(found));
  if (found.sealed > 0)
    fmt::print("{}\n", verdict->was_opened ? "Every sealed value opens with the keys at hand."
                                           : "Whether sealed values open was not tried: give --keys or --data-dir.");
  return 0;
}

int rotate(const Arguments& arguments) {
  if (arguments.data_folder.empty()) return lacks_data_folder();
  const auto rotated = store::rotate_encryption(arguments.data_folder);
  if (!rotated) return refuse(rotated.error());
  const store::KeyFile file = store::KeyFile::of(arguments.data_folder);
  fmt::print("everything is sealed with key {} now\n", rotated->key);
  if (rotated->unused_keys.empty()) return 0;
  if (file.is_credential()) {
    fmt::print("Not needed any more, take them out of the credential: {}\n", rotated->unused_keys);
  } else {
    fmt::print("Forgotten: {}. Snapshots saved before need a copy of the old {}; save a new one now.\n",
               rotated->unused_keys, file.path().filename().string());
  }
  return 0;
}

}  // namespace

void add_store_commands(CLI::App& app, const std::string& data_folder, std::function<int()>& chosen) {
  const auto arguments = std::make_shared<Arguments>(Arguments{data_folder, {}, {}});
  app.require_subcommand(0, 1);
  const auto add = [&](CLI::App* group, const char* name, const char* text, int (*run)(const Arguments&)) {
    CLI::App* command = group->add_subcommand(name, text);
    command->fallthrough();
    command->callback([&chosen, arguments, run] { chosen = [arguments, run] { return run(*arguments); }; });
    return command;
  };

  CLI::App* snapshot = app.add_subcommand("snapshot", "save, check or restore the database");
  snapshot->require_subcommand(1)->fallthrough();
  CLI::App* command = add(snapshot, "save", "save the database to FILE, of a running or a stopped slipwayd", save);
  command->add_option("FILE", arguments->file, "the snapshot to write")->required();
  command = add(snapshot, "verify", "check FILE: checksums, structure, counts, and that its Secrets open", verify);
  command->add_option("FILE", arguments->file, "the snapshot")->required();
  command->add_option("--keys", arguments->keys, "encryption keys (default: those of --data-dir)");
  command =
      add(snapshot, "restore", "make FILE the database of a stopped slipwayd; the old one is kept aside", restore);
  command->add_option("FILE", arguments->file, "the snapshot")->required();
  command->add_option("--keys", arguments->keys, "a copy of keys.json, when those of --data-dir do not open it");

  CLI::App* encryption = app.add_subcommand("encryption", "the keys that Secrets are sealed with at rest");
  encryption->require_subcommand(1)->fallthrough();
  add(encryption, "rotate", "seal everything with a new key and forget the old one; slipwayd must be stopped", rotate);
}

}  // namespace slipway::daemon
