# State of a host: what must be known to drive it and to remove it, also after a crash of the script that made it.
# In every function below: name, dir, kind, serial, uuid, netns, cgroup describe the loaded host.

is_known() { [ -L "$registry/$1" ]; }
folder_of() { readlink "$registry/$1"; }

derive() { netns=edge-$name cgroup=edge-$name; }

# Writes the state before anything else exists, then makes it findable.
register() {
    derive
    mkdir -p "$dir" "$registry"
    printf '%s\n' "kind=$kind" "serial=$serial" "uuid=$uuid" >"$dir/state"
    ln -s "$dir" "$registry/$name" || fail "up: a host $name exists already"
}

load() {
    name=$1
    [ -n "$name" ] || fail "which host? (edge-host list)"
    is_known "$name" || fail "no host $name (edge-host list)"
    dir=$(folder_of "$name")
    derive
    read_state || fail "the state of $name in $dir/state cannot be read: edge-host down $name"
}

read_state() {
    local line
    kind='' serial='' uuid=''
    while IFS= read -r line; do
        case $line in
            kind=*) kind=${line#*=} ;;
            serial=*) serial=${line#*=} ;;
            uuid=*) uuid=${line#*=} ;;
        esac
    done <"$dir/state" 2>/dev/null
    [ -n "$kind" ]
}

# A zombie is dead: whoever adopted it may take its time to notice.
is_alive() {
    local state
    state=$(cat "/proc/$1/stat" 2>/dev/null) && [[ $state != *') Z '* && $state != *') X '* ]]
}

# The host's first process, as this machine numbers it. Fails when the host does not run.
init_pid() {
    local keeper pid
    keeper=$(cat "$dir/keeper.pid" 2>/dev/null) || return 1
    pid=$(cat "/proc/$keeper/task/$keeper/children" 2>/dev/null) || return 1
    pid=${pid%% *}
    [ -n "$pid" ] && echo "$pid"
}

# Every process whose network namespace is the host's, wherever it came from.
pids_in_network() { ip netns pids "$netns" 2>/dev/null || true; }

list_processes() {
    local pid inside command
    pid=$(init_pid) || fail "$name is not running"
    for command in "/proc/$pid/root/proc"/[0-9]*/cmdline; do
        inside=${command%/cmdline}
        inside=${inside##*/}
        command=$( (tr '\0\n' '  ' <"$command") 2>/dev/null) || continue
        [ -z "$command" ] || echo "$inside ${command% }"
    done
}

# Removes a host and all its traces. Each step works on what is left after a crash anywhere, and a second time does nothing.
remove_host() {
    name=$1
    derive
    if ! is_known "$name" && [ ! -e "/run/netns/$netns" ]; then
        echo "edge-host $name is not there, nothing to remove"
        return 0
    fi
    dir=$(folder_of "$name" 2>/dev/null || true)
    [ -n "$dir" ] && [ -d "$dir" ] || dir=''
    kill_keeper
    close_uplinks
    local pid i
    for ((i = 0; i < 100; i++)); do
        pid=$(pids_in_network)
        [ -n "$pid" ] || break
        # shellcheck disable=SC2086
        kill -9 $pid 2>/dev/null || true
        sleep 0.02
    done
    ip netns del "$netns" 2>/dev/null || true
    remove_cgroups
    local left
    left=$(awk -v d="${dir:-/nonexistent}/" 'index($2, d) == 1 { print $2 }' /proc/self/mounts | sort -r)
    for pid in $left; do umount -l "$pid" || true; done
    [ -z "$dir" ] || rm -rf "$dir"
    rm -f "$registry/$name"
    rmdir "$registry" 2>/dev/null || true
    echo "edge-host $name removed"
}

# The keeper is the process outside whose end takes the whole host with it (unshare --kill-child, systemd-nspawn).
kill_keeper() {
    [ -n "$dir" ] || return 0
    local keeper
    keeper=$(cat "$dir/keeper.pid" 2>/dev/null) || return 0
    # The number may belong to another process by now: only one that mentions our folder or name is ours.
    if (tr '\0' ' ' <"/proc/$keeper/cmdline") 2>/dev/null | grep -qF -e "$dir" -e "edge-$name"; then
        local init
        init=$(init_pid || true)
        kill -9 $init "$keeper" 2>/dev/null || true
        local i
        for ((i = 0; i < 250; i++)); do is_alive "$keeper" || break; sleep 0.02; done
    fi
    rm -f "$dir/keeper.pid"
}

# One cgroup in every hierarchy, so that two hosts on one kernel do not take each other's pods for their own.
make_cgroups() {
    local hierarchy file
    for hierarchy in /sys/fs/cgroup/*/; do
        mkdir -p "$hierarchy$cgroup" 2>/dev/null || continue
        for file in cpuset.cpus cpuset.mems; do # v1: empty in a new cgroup, no process could enter
            [ ! -e "$hierarchy$file" ] || cat "$hierarchy$file" >"$hierarchy$cgroup/$file"
        done
    done
}

# cgroups can be removed only when their last process is gone, which takes a moment after its end.
remove_cgroups() {
    local i left
    for ((i = 0; i < 100; i++)); do
        left=$(find /sys/fs/cgroup -mindepth 2 -maxdepth 2 -type d -name "$cgroup" 2>/dev/null)
        [ -n "$left" ] || return 0
        # shellcheck disable=SC2086
        find $left -depth -type d -exec rmdir {} + 2>/dev/null || true
        left=$(find /sys/fs/cgroup -mindepth 2 -maxdepth 2 -type d -name "$cgroup" 2>/dev/null)
        [ -n "$left" ] || return 0
        sleep 0.05
    done
    echo "edge-host: cgroups of $name cannot be removed: $left" >&2
}
