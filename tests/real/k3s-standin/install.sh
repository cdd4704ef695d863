#!/bin/sh
# install.sh of an image with K3s embedded: makes a service of the K3s that is already there, under the same names, in the
# same places and with the same variables as K3s' own install.sh does with INSTALL_K3S_SKIP_DOWNLOAD=true. It never downloads.
#
#   INSTALL_K3S_SKIP_DOWNLOAD=true [INSTALL_K3S_EXEC='server --flag'] sh install.sh [server|agent] [flags]
#
# Used here: INSTALL_K3S_EXEC, _NAME, _SKIP_ENABLE, _SKIP_START, _BIN_DIR, _SYSTEMD_DIR, _FORCE_RESTART; K3S_*, CONTAINERD_* and *_PROXY
# go into the service's environment file. Without systemd (tests in namespaces) the service is /etc/init.d/NAME, as on OpenRC.
set -eu

info() { echo "[INFO]  $*"; }
fatal() { echo "[ERROR] $*" >&2; exit 1; }

# Quotes every argument so that the service manager's shell-like splitting gives it back unchanged.
quote() {
    for argument in "$@"; do
        printf " '%s'" "$(printf '%s' "$argument" | sed "s/'/'\\\\''/g")"
    done
}

setup() {
    [ "${INSTALL_K3S_SKIP_DOWNLOAD:-}" = true ] ||
        fatal "this image has K3s embedded and its install.sh never downloads: set INSTALL_K3S_SKIP_DOWNLOAD=true"
    bin_dir=${INSTALL_K3S_BIN_DIR:-/usr/local/bin}
    systemd_dir=${INSTALL_K3S_SYSTEMD_DIR:-/etc/systemd/system}
    [ -x "$bin_dir/k3s" ] || fatal "$bin_dir/k3s is missing or not executable: is K3s part of this image?"
    [ "$(id -u)" -eq 0 ] || fatal "installing a service needs root"

    # shellcheck disable=SC2086,SC2294
    eval set -- "${INSTALL_K3S_EXEC:-}" "$(quote "$@")"
    case "${1:-}" in
        server | agent) command=$1; shift ;;
        '' | -*) if [ -n "${K3S_URL:-}" ]; then command=agent; else command=server; fi ;;
        *) fatal "INSTALL_K3S_EXEC or the first argument says '$1', but only server and agent are services" ;;
    esac
    if [ "$command" = agent ] && [ -z "${K3S_TOKEN:-}${K3S_TOKEN_FILE:-}" ] && [ -n "${K3S_URL:-}" ]; then
        fatal "K3S_URL is set, so K3S_TOKEN or K3S_TOKEN_FILE is needed"
    fi
    exec_line="$command$(quote "$@")"
    if [ -n "${INSTALL_K3S_NAME:-}" ]; then
        name=k3s-$INSTALL_K3S_NAME
    elif [ "$command" = agent ]; then
        name=k3s-agent
    else
        name=k3s
    fi
    case "$name" in *[!a-zA-Z0-9_.@-]*) fatal "INSTALL_K3S_NAME: '$name' cannot be a unit name" ;; esac

    if [ -d /run/systemd/system ]; then
        manager=systemd service_file=$systemd_dir/$name.service environment_file=$systemd_dir/$name.service.env
    else
        manager=init service_file=/etc/init.d/$name environment_file=/etc/rancher/k3s/$name.env
    fi
}

# What decides whether a running service must be started again. The program is part of the image: its identity is enough,
# reading all of it twice would cost a slow machine a second.
state_of_service() {
    stat -c '%d %i %s %Y' "$bin_dir/k3s"
    cat "$service_file" "$environment_file" 2>/dev/null || true
}

create_links() {
    for link in kubectl ctr; do
        command -v "$link" >/dev/null 2>&1 || ln -sf k3s "$bin_dir/$link"
    done
}

# Hard limits that this machine does not let us raise are left out: systemd would refuse to start the service.
limits() {
    # shellcheck disable=SC3045
    (ulimit -H -n 1048576) 2>/dev/null && echo LimitNOFILE=1048576
    # shellcheck disable=SC3045
    (ulimit -H -p unlimited) 2>/dev/null && echo LimitNPROC=infinity
    # shellcheck disable=SC3045
    (ulimit -H -c unlimited) 2>/dev/null && echo LimitCORE=infinity
    true
}

create_environment() {
    mkdir -p "$(dirname "$environment_file")"
    (umask 077 && env | grep -E '^(K3S_[A-Za-z0-9_]*|CONTAINERD_[A-Za-z0-9_]*|[A-Za-z0-9_]*_(PROXY|proxy))=' | sort >"$environment_file.new" || true)
    mv "$environment_file.new" "$environment_file"
}

create_unit() {
    mkdir -p "$systemd_dir"
    cat >"$service_file.new" <<UNIT
[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-$environment_file
KillMode=process
Delegate=yes
$(limits)
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=$bin_dir/k3s $exec_line
UNIT
    mv "$service_file.new" "$service_file"
}

# A service for machines without systemd: a loop in its own session that starts K3s again 5 s after it ended.
# `start` waits, as systemd does for Type=notify, until K3s is up or has ended.
create_init_script() {
    mkdir -p /etc/init.d
    cat >"$service_file.new" <<INIT
#!/bin/sh
# Service $name, written by K3s' install.sh for a machine without systemd. start | stop | restart | status
name=$name
environment_file=$environment_file
run() { exec $bin_dir/k3s $exec_line; }
INIT
    cat >>"$service_file.new" <<'INIT'
pid_file=/run/$name.pid
k3s_pid_file=/run/k3s/$name.main.pid
log=/var/log/$name.log

alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

loop() {
    echo $$ >"$pid_file"
    for file in "/etc/default/$name" "/etc/sysconfig/$name" "$environment_file"; do
        # K=V lines, as systemd reads them: nothing in them is run
        [ -r "$file" ] && while IFS= read -r line; do case $line in [A-Za-z_]*=*) export "$line" ;; esac; done <"$file"
    done
    trap 'stopping=1; [ -n "${child:-}" ] && kill -TERM "$child" 2>/dev/null' TERM
    while [ -z "${stopping:-}" ]; do
        (run) >>"$log" 2>&1 &
        child=$!
        mkdir -p /run/k3s && echo "$child" >"$k3s_pid_file"
        while kill -0 "$child" 2>/dev/null; do wait "$child" || true; done
        echo "k3s service: the process ended" >>"$log"
        [ -n "${stopping:-}" ] || { sleep 5 & child=$!; wait "$child" || true; }
    done
    rm -f "$pid_file" "$k3s_pid_file"
}

start() {
    if alive "$pid_file"; then echo "$name is running"; return 0; fi
    rm -f "$pid_file"
    mkdir -p /var/log
    : >"$log"
    setsid "$0" loop </dev/null >/dev/null 2>&1 &
    until outcome=$(grep -m1 -o -e 'k3s is up and running' -e '^k3s service: the process ended' "$log"); do sleep 0.1; done
    if [ "$outcome" != 'k3s is up and running' ]; then
        echo "$name did not start; the end of $log:" >&2
        tail -5 "$log" >&2
        return 1
    fi
}

stop() {
    alive "$pid_file" || return 0
    pid=$(cat "$pid_file") main=$(cat "$k3s_pid_file" 2>/dev/null)
    kill -TERM "$pid" 2>/dev/null
    i=0
    while kill -0 "$pid" 2>/dev/null; do
        i=$((i + 1))
        if [ $i -gt 300 ]; then kill -KILL $pid $main 2>/dev/null; break; fi
        sleep 0.1
    done
    rm -f "$pid_file" "$k3s_pid_file"
}

case "${1:-}" in
    start) start ;;
    stop) stop ;;
    restart) stop; start ;;
    status) if alive "$pid_file"; then echo "$name is running"; else echo "$name is stopped"; exit 3; fi ;;
    loop) loop ;;
    *) echo "usage: $0 start|stop|restart|status" >&2; exit 2 ;;
esac
INIT
    chmod 755 "$service_file.new"
    mv "$service_file.new" "$service_file"
}

create_killall() {
    cat >"$bin_dir/k3s-killall.sh" <<'KILLALL'
#!/bin/sh
# Stops every K3s service and everything that K3s started: pods, mounts, network interfaces, firewall rules. Keeps the data.
[ "$(id -u)" -eq 0 ] || { echo "k3s-killall.sh: needs root" >&2; exit 1; }
data=${K3S_DATA_DIR:-/var/lib/rancher/k3s}

for service in /etc/systemd/system/k3s*.service; do
    [ -s "$service" ] && [ -d /run/systemd/system ] && systemctl stop "$(basename "$service")"
done
for service in /etc/init.d/k3s*; do
    [ -x "$service" ] && "$service" stop
done

tree() {
    for pid in "$@"; do
        echo "$pid"
        # shellcheck disable=SC2046
        tree $(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
    done
}
# shellcheck disable=SC2046
victims=$(tree $(pgrep -f "^($data/data/[^/]*/bin|/usr/local/bin/\.\./lib/k3s|/usr/local/lib/k3s)/containerd-shim"))
# shellcheck disable=SC2086
[ -z "$victims" ] || kill -9 $victims 2>/dev/null
# shellcheck disable=SC2086
for pid in $victims; do
    i=0
    while [ $i -lt 50 ] && kill -0 "$pid" 2>/dev/null; do i=$((i + 1)); sleep 0.02; done
done

unmount_and_remove() {
    awk -v prefix="$1" 'index($2, prefix) == 1 { print $2 }' /proc/self/mounts | sort -r | while read -r mount; do
        umount -f "$mount" 2>/dev/null || umount -l "$mount"
        [ "$mount" = "$1" ] || rm -rf "$mount"
    done
}
unmount_and_remove /run/k3s
unmount_and_remove /var/lib/kubelet/pods
unmount_and_remove /var/lib/kubelet/plugins
unmount_and_remove /run/netns/cni-
rm -rf /run/k3s
rm -f /run/netns/cni-*
for link in $(ip -o link show master cni0 2>/dev/null | sed 's/^[0-9]*: \([^@:]*\).*/\1/'); do ip link delete "$link"; done
for link in cni0 flannel.1 flannel-v6.1 kube-ipvs0 flannel-wg flannel-wg-v6; do ip link delete "$link" 2>/dev/null; done
rm -rf /var/lib/cni
for tool in iptables ip6tables; do
    command -v $tool-save >/dev/null || continue
    rules=$($tool-save 2>/dev/null)
    case "$rules" in
        *KUBE-* | *CNI-* | *flannel*) echo "$rules" | grep -v KUBE- | grep -v CNI- | grep -iv flannel | $tool-restore ;;
    esac
done
exit 0
KILLALL
    chmod 755 "$bin_dir/k3s-killall.sh"
}

# K3s' own script also removes the program and the images; here both are parts of the image and stay.
create_uninstall() {
    script=$bin_dir/k3s-uninstall.sh
    [ "$command" = server ] || script=$bin_dir/k3s-agent-uninstall.sh
    cat >"$script" <<UNINSTALL
#!/bin/sh
# Takes back what install.sh and K3s made on this host. The embedded parts (k3s, its images, install.sh) stay.
[ "\$(id -u)" -eq 0 ] || { echo "\$0: needs root" >&2; exit 1; }
$bin_dir/k3s-killall.sh
if [ -d /run/systemd/system ]; then
    systemctl disable $name 2>/dev/null
    systemctl reset-failed $name 2>/dev/null
    rm -f $systemd_dir/$name.service $systemd_dir/$name.service.env
    systemctl daemon-reload
fi
rm -f /etc/init.d/$name /etc/rancher/k3s/$name.env /var/log/$name.log
for service in $systemd_dir/k3s*.service /etc/init.d/k3s*; do
    [ ! -e "\$service" ] || { echo "another K3s service is installed (\$service): its files stay"; exit 0; }
done
for link in kubectl ctr; do
    [ "\$(readlink $bin_dir/\$link)" != k3s ] || rm -f $bin_dir/\$link
done
rm -rf /etc/rancher/k3s /run/k3s /run/flannel /var/lib/kubelet
data=/var/lib/rancher/k3s
[ ! -d \$data ] || find \$data -mindepth 1 -maxdepth 1 ! -name agent -exec rm -rf {} +
[ ! -d \$data/agent ] || find \$data/agent -mindepth 1 -maxdepth 1 ! -name images -exec rm -rf {} +
rm -f $bin_dir/k3s-killall.sh $script
UNINSTALL
    chmod 755 "$script"
}

start_service() {
    if [ "$manager" = systemd ]; then
        systemctl daemon-reload >/dev/null
        if [ "${INSTALL_K3S_SKIP_ENABLE:-}" != true ]; then
            info "systemd: Enabling $name unit"
            systemctl enable "$service_file" >/dev/null
        fi
    fi
    if [ "${INSTALL_K3S_SKIP_START:-}" = true ] || [ "${INSTALL_K3S_SKIP_ENABLE:-}" = true ]; then
        return
    fi
    if [ "$before" = "$(state_of_service)" ] && [ "${INSTALL_K3S_FORCE_RESTART:-}" != true ] && is_running; then
        info "No change detected so skipping service start"
        return
    fi
    info "$manager: Starting $name"
    if [ "$manager" = systemd ]; then
        systemctl restart "$name"
    else
        "$service_file" restart
    fi
}

is_running() {
    if [ "$manager" = systemd ]; then systemctl is-active --quiet "$name"; else "$service_file" status >/dev/null; fi
}

setup "$@"
info "Skipping k3s download and verify, using $bin_dir/k3s"
before=$(state_of_service)
create_links
create_killall
create_uninstall
create_environment
if [ "$manager" = systemd ]; then create_unit; else create_init_script; fi
start_service
