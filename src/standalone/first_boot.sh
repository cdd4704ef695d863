#!/bin/sh
# Applies a standalone configuration. cloud-init runs it at first boot, and again at every boot where it does not remember
# that it did: what is applied already is left alone.
#
# Beside it lie, written by cloud-init from the same document: `plan` (one line per thing to do), the contents of the files
# under files/, `commands` (the whole bootstrap) and `install` (only the part that makes a service of K3s). Nothing of a
# configuration is in this script.
#
# What must outlive a reboot is recorded beside K3s' own data:
#   settings  what the cluster was made with and cannot be changed ("clusterCidr 10.42.0.0/16")
#   files     digest and path of every file that was written
#   applied   digest of the configuration whose commands have all succeeded
set -u
umask 022
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin
export PATH
root=${SLIPWAY_ROOT:-}
here=$(cd "$(dirname "$0")" && pwd)
record=$root/var/lib/rancher/slipway-standalone
success=$root/run/cluster-api/bootstrap-success.complete

say() { echo "slipway: $*"; }

# On the console, too: nobody may be logged in to see it anywhere else.
stop() {
    echo "slipway: $*" >&2
    if [ -z "$root" ] && [ -w /dev/console ]; then echo "slipway: $*" > /dev/console 2> /dev/null || true; fi
    exit 1
}

value_of() { # NAME: what the plan says
    while read -r word rest; do
        if [ "$word" = "$1" ]; then printf '%s\n' "$rest"; return; fi
    done < "$here/plan"
}

# A cluster keeps what it was made with. Anything else would leave nodes and services with addresses that nothing routes.
check_settings() {
    [ -e "$root/var/lib/rancher/k3s/server/db" ] || return 0
    [ -r "$record/settings" ] ||
        stop "this machine has a K3s cluster that no standalone configuration made; nothing was changed." \
            "Remove it with k3s-uninstall.sh and boot again, or boot without this configuration"
    refused=
    while read -r word name value; do
        [ "$word" = setting ] || continue
        while read -r old_name old_value; do
            if [ "$old_name" = "$name" ] && [ "$old_value" != "$value" ]; then
                refused="$refused $name is $old_value in this cluster and $value in the configuration;"
            fi
        done < "$record/settings"
    done < "$here/plan"
    [ -z "$refused" ] ||
        stop "the changed configuration was refused:$refused nothing was changed." \
            "Write the old values again, or remove the cluster with k3s-uninstall.sh, and boot again"
}

# Every folder above a file must really lie below /etc or /var, whatever links there are.
check_folder() { # FOLDER of the file, without the root
    [ "$1" != "${checked:-}" ] || return 0
    rest=${1#/} place=$root
    while [ -n "$rest" ]; do
        part=${rest%%/*}
        case "$rest" in */*) rest=${rest#*/} ;; *) rest= ;; esac
        place=$place/$part
        if [ -L "$place" ]; then
            real=$(readlink -f "$place") || stop "cannot write below ${place#"$root"}: its link leads nowhere; nothing was changed"
            case "$real/" in
                "$etc"/* | "$var"/*) ;;
                *) stop "cannot write below ${place#"$root"}: it is a link to $real, outside /etc and /var; nothing was changed" ;;
            esac
        elif [ -e "$place" ] && [ ! -d "$place" ]; then
            stop "cannot write below ${place#"$root"}: it is not a folder; nothing was changed"
        fi
    done
    checked=$1
}

check_paths() {
    etc=$(readlink -f "$root/etc") var=$(readlink -f "$root/var")
    while read -r word number mode owner digest path; do
        [ "$word" = file ] || continue
        check_folder "${path%/*}"
        if [ -d "$root$path" ] && [ ! -L "$root$path" ]; then
            stop "cannot write $path: a folder of that name is there; nothing was changed"
        fi
    done < "$here/plan"
}

# Replaces TARGET in one step; a link at its place is replaced, never followed.
put() { # SOURCE MODE OWNER TARGET
    folder=${4%/*}
    mkdir -p "$folder" || return 1
    new=$folder/.slipway-standalone.new
    rm -f "$new"
    (umask 077 && cat "$1" > "$new") && chown "$3" "$new" && chmod "$2" "$new" && mv -f "$new" "$4"
}

write_files() {
    while read -r word number mode owner digest path; do
        [ "$word" = file ] || continue
        target=$root$path
        case "$owner" in *:*) wanted="$mode $owner" ;; *) wanted="$mode $owner:$(id -gn "$owner" 2> /dev/null)" ;; esac
        if [ ! -L "$target" ] && [ -f "$target" ] && cmp -s "$here/files/$number" "$target" &&
            [ "$(stat -c '%a %U:%G' "$target")" = "$wanted" ]; then
            continue
        fi
        put "$here/files/$number" "$mode" "$owner" "$target" || stop "cannot write $path"
        changed=$((changed + 1))
        say "wrote $path"
        case "$path" in
            */k3s/server/manifests/*) ;; # K3s sees these by itself
            /etc/rancher/* | /var/lib/rancher/* | /etc/systemd/system/k3s* | /etc/default/k3s*) restart=yes ;;
        esac
    done < "$here/plan"
}

# Remembers every file before it is written: also one of a configuration that then fails can be removed later.
remember_files() {
    sort -u "$here/written" "$record/files" > "$here/remembered" 2> /dev/null || sort -u "$here/written" > "$here/remembered"
    cmp -s "$here/remembered" "$record/files" || save files < "$here/remembered"
}

# Files of an earlier configuration that this one does not have, unless somebody changed them since.
remove_stale_files() {
    [ -r "$record/files" ] || return 0
    while read -r digest path; do
        grep -qxF "$digest $path" "$here/written" && continue
        cut -d' ' -f2- "$here/written" | grep -qxF "$path" && continue
        [ -f "$root$path" ] && [ ! -L "$root$path" ] || continue
        found=$(sha256sum < "$root$path")
        if [ "${found%% *}" = "$digest" ]; then
            rm -f "$root$path" && say "removed $path, which the configuration does not have any more"
        else
            say "left $path, which the configuration does not have any more: it was changed since"
        fi
    done < "$record/files"
}

# Keeps our lines in /etc/environment between two marks, and everybody else's as they are.
write_environment() {
    target=$root/etc/environment new=$here/environment.new
    : > "$new"
    if [ -f "$target" ]; then
        sed '/^# BEGIN slipway-standalone$/,/^# END slipway-standalone$/d' "$target" > "$new" || stop "cannot read /etc/environment"
        if [ -s "$new" ] && [ -n "$(tail -c 1 "$new")" ]; then echo >> "$new"; fi
    fi
    if [ -s "$here/environment" ]; then
        { echo '# BEGIN slipway-standalone' && cat "$here/environment" && echo '# END slipway-standalone'; } >> "$new"
    fi
    if [ -f "$target" ] && cmp -s "$new" "$target"; then return 0; fi
    if [ ! -e "$target" ] && [ ! -s "$new" ]; then return 0; fi
    # A bind mount cannot be replaced by another file, only written.
    put "$new" 0644 root:root "$target" 2> /dev/null || { [ ! -L "$target" ] && cat "$new" > "$target"; } ||
        stop "cannot write /etc/environment"
    rm -f "$root/etc/.slipway-standalone.new"
    changed=$((changed + 1))
    say "wrote the proxies to /etc/environment"
}

# cloud-init adds groups only to users that it makes.
add_groups() {
    [ -z "$root" ] || return 0
    while read -r word user group; do
        [ "$word" = group ] || continue
        case " $(id -nG "$user" 2> /dev/null) " in *" $group "*) continue ;; esac
        getent group "$group" > /dev/null || groupadd "$group" || stop "cannot make the group $group"
        usermod -a -G "$group" "$user" || stop "cannot add $user to the group $group"
        say "added $user to the group $group"
    done < "$here/plan"
}

service_exists() {
    [ -e "$root/etc/systemd/system/k3s.service" ] || [ -e "$root/etc/init.d/k3s" ]
}

restart_service() {
    [ -z "$root" ] || return 0
    say "restarting K3s: its files have changed"
    if [ -d /run/systemd/system ]; then systemctl try-restart k3s.service; else /etc/init.d/k3s restart; fi
}

# The record is on disk before anything is started that needs it.
save() { # NAME < text
    mkdir -p "$record" && chmod 0700 "$record" && (umask 077 && cat > "$record/$1.new") && sync "$record/$1.new" &&
        mv -f "$record/$1.new" "$record/$1" && sync "$record" || stop "cannot write $record/$1"
}

# Before K3s is started with a configuration: better no cluster than one that ails, and the reason where somebody sees it.
preflight() {
    report=$(sh "$here/preflight") && { say "preflight: nothing speaks against starting K3s"; printf '%s\n' "$report" | grep '^warn'; return 0; }
    printf '%s\n' "$report"
    if [ -e "$root/etc/slipway-standalone/ignore-preflight" ]; then
        say "preflight: going on, for /etc/slipway-standalone/ignore-preflight is there"
        return 0
    fi
    stop "preflight: K3s was not started:" "$(printf '%s\n' "$report" | sed -n 's/^fail  *//p')"
}

run_bootstrap() {
    sed -n 's/^setting //p' "$here/plan" | save settings
    rm -f "$success"
    if service_exists; then
        INSTALL_K3S_FORCE_RESTART=true
        export INSTALL_K3S_FORCE_RESTART
    fi
    sh "$here/commands" || stop "a command of the configuration failed; see the lines above. It is tried again at the next boot"
    [ -e "$success" ] || stop "the commands of the configuration ended early (is there an 'exit' among them?); they are tried again at the next boot"
    remove_stale_files
    sort -u "$here/written" | save files
    value_of digest | save applied
    say "the configuration is applied"
}

changed=0 restart=no
[ -r "$here/plan" ] && [ -r "$here/commands" ] && [ -r "$here/install" ] && [ -r "$here/preflight" ] || stop "$here is not complete; boot again"
sed -n 's/^file [^ ]* [^ ]* [^ ]* //p' "$here/plan" > "$here/written"
check_settings
check_paths
remember_files
write_files
write_environment
add_groups
if [ "$(cat "$record/applied" 2> /dev/null)" != "$(value_of digest)" ]; then
    preflight
    run_bootstrap
elif ! service_exists; then
    say "K3s is not a service of this machine any more"
    sh "$here/install" || stop "K3s cannot be installed; see the lines above"
elif [ "$restart" = yes ]; then
    restart_service || stop "K3s does not start with the changed files; see: journalctl -u k3s"
elif [ "$changed" = 0 ]; then
    say "everything is applied already"
fi
