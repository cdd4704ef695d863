#include "cli/completion.h"

#include <fmt/core.h>

namespace slipway::cli {

namespace {

std::string words_of(const CompletionNode& node) {
  std::string words;
  for (const CompletionNode& child : node.children) words += child.name + " ";
  for (const std::string& option : node.options) words += option + " ";
  if (!words.empty()) words.pop_back();
  return words;
}

// One shell case branch per command path.
void append_cases(std::string& script, const CompletionNode& node, const std::string& path) {
  script += fmt::format("    '{}') words='{}' ;;\n", path, words_of(node));
  for (const CompletionNode& child : node.children)
    append_cases(script, child, path.empty() ? child.name : path + " " + child.name);
}

std::string bash_script(const CompletionNode& root) {
  std::string cases;
  append_cases(cases, root, "");
  return fmt::format(R"(# bash completion for {0}; load it with: source <({0} completion bash)
_{0}_complete() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} path='' word words=''
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in -*) ;; *) path="${{path:+$path }}$word" ;; esac
  done
  while :; do
    case $path in
{1}    *) words='' ;;
    esac
    [ -n "$words" ] || [ -z "$path" ] && break
    case $path in *' '*) path=${{path% *}} ;; *) path='' ;; esac
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _{0}_complete {0}
)",
                     root.name, cases);
}

void append_fish(std::string& script, const CompletionNode& node, const std::string& program,
                 const std::string& condition) {
  for (const CompletionNode& child : node.children) {
    script += fmt::format("complete -c {} -f -n '{}' -a '{}'\n", program, condition, child.name);
    append_fish(script, child, program, fmt::format("__fish_seen_subcommand_from {}", child.name));
  }
  for (const std::string& option : node.options)
    if (option.starts_with("--"))
      script += fmt::format("complete -c {} -n '{}' -l {}\n", program, condition, option.substr(2));
}

}  // namespace

base::Result<std::string> completion_script(std::string_view shell, const CompletionNode& root) {
  if (shell == "bash") return bash_script(root);
  // zsh runs bash's completion functions.
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + bash_script(root);
  if (shell == "fish") {
    std::string script;
    append_fish(script, root, root.name, "__fish_use_subcommand");
    return script;
  }
  return base::fail(base::ErrorCode::kInvalid,
                    fmt::format("there is no completion for '{}'; choose bash, zsh or fish", shell));
}

}  // namespace slipway::cli
