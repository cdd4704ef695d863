# Uplinks: socat inside the host's network namespace (but outside its pid and mount namespaces: it is the wire, not a part of
# the host) listens on 127.0.0.1:PORT and connects to a unix socket; a second socat leads from there to the orchestrator's port.

check_uplink() {
    local port=${1%%:*} socket=''
    case $1 in *:*) socket=${1#*:} ;; esac
    [[ $port =~ ^[0-9]+$ ]] && [ "$port" -ge 1 ] && [ "$port" -le 65535 ] || fail "--uplink $1: PORT or PORT:UNIX-SOCKET is expected"
    case $socket in '' | /*) ;; *) fail "--uplink $1: the socket needs an absolute path" ;; esac
    command -v socat >/dev/null || fail "socat is missing: run tools/setup"
}

# Starts a process of the wire in a session of its own and remembers it before it runs.
wire() { # name command...
    local file=$dir/uplinks/$1.pid
    shift
    (echo "$BASHPID" >"$file"; exec setsid "$@") </dev/null >>"$dir/uplinks/log" 2>&1 &
    disown
}

open_uplink() {
    local port=${1%%:*} socket=''
    case $1 in *:*) socket=${1#*:} ;; esac
    mkdir -p "$dir/uplinks"
    echo "$1" >"$dir/uplinks/$port"
    if [ -z "$socket" ]; then
        socket=$dir/uplinks/$port.sock
        rm -f "$socket"
        wire "$port.out" socat "UNIX-LISTEN:$socket,fork,mode=600" "TCP:127.0.0.1:$port,nodelay"
    fi
    wire "$port.in" nsenter --net="/run/netns/$netns" socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr,nodelay" "UNIX-CONNECT:$socket"
    local i
    for ((i = 0; i < 250; i++)); do
        [ -S "$socket" ] && nsenter --net="/run/netns/$netns" ss -Hltn "sport = :$port" | grep -q . && return
        sleep 0.02
    done
    fail "uplink $port of $name did not open: $(tail -1 "$dir/uplinks/log")"
}

command_uplink() {
    load "${1:-}"
    check_uplink "${2:-}"
    [ ! -e "$dir/uplinks/${2%%:*}" ] || fail "uplink: $name has an uplink ${2%%:*} already"
    open_uplink "$2"
}

# The processes of the wire, forked ones included: they are sessions of their own.
wire_pids() {
    local file leader
    for file in "$dir"/uplinks/*.pid; do
        [ -e "$file" ] || continue
        leader=$(cat "$file")
        pgrep -s "$leader" -x socat || true
    done
}

signal_wire() {
    local pids
    pids=$(wire_pids)
    # shellcheck disable=SC2086
    [ -z "$pids" ] || kill -"$1" $pids 2>/dev/null || true
}

close_uplinks() {
    [ -n "$dir" ] || return 0
    signal_wire KILL
    rm -f "$dir"/uplinks/*.pid "$dir"/uplinks/*.sock
}

command_cut() {
    load "${1:-}"
    if [ "${2:-}" = --reset ]; then
        close_uplinks
    else
        signal_wire STOP
    fi
    : >"$dir/uplinks/cut"
    echo "edge-host $name uplink=cut"
}

command_heal() {
    load "${1:-}"
    local file
    if compgen -G "$dir/uplinks/*.pid" >/dev/null; then
        signal_wire CONT
    else
        for file in "$dir"/uplinks/*; do
            [[ ${file##*/} =~ ^[0-9]+$ ]] && open_uplink "$(cat "$file")"
        done
    fi
    rm -f "$dir/uplinks/cut"
    echo "edge-host $name uplink=open"
}

uplink_state() {
    if [ -e "$dir/uplinks/cut" ]; then echo cut; elif [ -d "$dir/uplinks" ]; then echo open; else echo none; fi
}
