#!/bin/sh
# Says whether K3s can work on this machine: one line per check, pass, warn or fail, with a hint. Changes nothing but that it loads
# kernel modules, as K3s does.   preflight [-o json]      exit code: 0 nothing fails, 1 something does, 2 wrong usage
#
# What is asked of the machine comes from the kernel's files below /proc and /sys and from the image; SLIPWAY_ROOT puts another root
# before them. Beside it may lie the `plan` and `environment` of first boot, which tell networks and proxies.
set -u
root=${SLIPWAY_ROOT:-}
here=$(cd "$(dirname "$0")" 2> /dev/null && pwd)
here=${here:-/nonexistent}
proc=$root/proc
tab=$(printf '\t')
lines='' failures=0

case "$*" in '') form=table ;; '-o json' | -o=json | --output=json) form=json ;; '-o table') form=table ;; *)
    echo "preflight: '$*' is not known; usage: preflight [-o json]" >&2
    exit 2
    ;;
esac

note() { # RESULT CHECK WHAT [HINT]
    [ "$1" != fail ] || failures=$((failures + 1))
    lines="$lines$1$tab$2$tab$3$tab${4:-}
"
}

setting() { # NAME
    [ ! -r "$here/plan" ] || sed -n "s/^setting $1 //p" "$here/plan"
}

# containerd keeps snapshots there, etcd its log: neither works on every file system.
check_file_system() {
    type=$(awk -v path=/var/lib/rancher/k3s 'index(path "/", ($2 == "/" ? "" : $2) "/") == 1 && length($2) >= best { best = length($2); type = $3 }
        END { print type }' "$proc/self/mounts" 2> /dev/null)
    case "$type" in
        overlay | aufs) note fail file-system "/var/lib/rancher is on $type, which cannot hold the layers of containers" "mount a disk's file system (ext4, xfs) at /var/lib/rancher" ;;
        tmpfs | ramfs) note fail file-system "/var/lib/rancher is in memory ($type): the cluster would be lost at every boot" "mount a disk's file system (ext4, xfs) at /var/lib/rancher" ;;
        nfs* | cifs | smb* | 9p | fuse.sshfs | squashfs | iso9660 | erofs) note fail file-system "/var/lib/rancher is on $type" "mount a local disk's file system (ext4, xfs) at /var/lib/rancher" ;;
        '') note warn file-system "the file system of /var/lib/rancher cannot be told" "it should be ext4 or xfs" ;;
        *) note pass file-system "/var/lib/rancher is on $type" ;;
    esac
}

check_space() {
    place=$root/var/lib/rancher
    while [ ! -d "$place" ] && [ -n "$place" ]; do place=${place%/*}; done
    free=$(df -Pk "${place:-/}" 2> /dev/null | awk 'NR == 2 { print int($4 / 1024) }')
    if [ -z "$free" ]; then
        note warn space "the free space below /var/lib/rancher cannot be told" "5 GiB are advised"
    elif [ "$free" -lt 512 ]; then
        note fail space "only $free MiB are free below /var/lib/rancher" "512 MiB are the least, 5 GiB advised; the kubelet removes pods from a full disk"
    elif [ "$free" -lt 5120 ]; then
        note warn space "$free MiB are free below /var/lib/rancher" "5 GiB are advised"
    else
        note pass space "$free MiB are free below /var/lib/rancher"
    fi
}

check_kernel() {
    if [ -z "$root" ]; then
        for module in overlay br_netfilter nf_conntrack; do modprobe -q "$module" 2> /dev/null || true; done
    fi
    if grep -qw overlay "$proc/filesystems" 2> /dev/null; then
        note pass kernel-overlay "the kernel has overlay"
    else
        note fail kernel-overlay "the kernel has no overlay file system" "build the image with the kernel module 'overlay'"
    fi
    for row in br_netfilter:net/bridge nf_conntrack:net/netfilter; do
        if [ -e "$proc/sys/${row#*:}" ]; then
            note pass "kernel-${row%%:*}" "the kernel has ${row%%:*}"
        else
            note warn "kernel-${row%%:*}" "${row%%:*} is not there" "services may not be reachable from pods: add the kernel module to the image"
        fi
    done
}

check_cgroups() {
    missing=
    if [ -r "$root/sys/fs/cgroup/cgroup.controllers" ]; then
        for name in cpu cpuset memory pids; do grep -qw "$name" "$root/sys/fs/cgroup/cgroup.controllers" || missing="$missing $name"; done
        version=v2
    else
        for name in cpu cpuset memory pids; do awk -v n="$name" '$1 == n && $4 == 1 { found = 1 } END { exit !found }' "$proc/cgroups" 2> /dev/null || missing="$missing $name"; done
        version=v1
    fi
    if [ -z "$missing" ]; then
        note pass cgroups "$version with cpu, cpuset, memory and pids"
    else
        note fail cgroups "cgroup controllers are missing:$missing" "boot with 'cgroup_enable=cpuset cgroup_enable=memory' or another kernel"
    fi
}

# Certificates are valid from now on: a clock that is years behind makes them useless when it is set.
check_clock() {
    now=${SLIPWAY_NOW:-$(date +%s)}
    if [ "$now" -lt 1767225600 ]; then
        note fail clock "it is $(date -u -d "@$now" +%Y-%m-%d 2> /dev/null || echo "before 2026"), before this program was made" "set the clock (date -s, hwclock -w), and look at the battery of the board"
    else
        note pass clock "$(date -u -d "@$now" +%Y-%m-%dT%H:%MZ 2> /dev/null)"
    fi
}

check_route() {
    if awk 'NR > 1 && $2 == "00000000" && $8 == "00000000" { found = 1 } END { exit !found }' "$proc/net/route" 2> /dev/null ||
        awk '$1 ~ /^0+$/ && $2 == "00" && $10 != "lo" { found = 1 } END { exit !found }' "$proc/net/ipv6_route" 2> /dev/null; then
        note pass route "there is a default route"
    elif grep -qs '^node-ip:' "$root/etc/rancher/k3s/config.yaml" "$root"/etc/rancher/k3s/config.yaml.d/*.yaml; then
        note pass route "there is no default route, but K3s is told its address (node-ip)"
    else
        note fail route "there is no default route, so K3s does not know its own address" "configure the network, also one that leads nowhere, or write node-ip into /etc/rancher/k3s/config.yaml.d/"
    fi
}

listens() { # FILE-PREFIX PORT STATE
    hex=$(printf '%04X' "$2")
    cat "$proc/net/$1" "$proc/net/${1}6" 2> /dev/null | awk -v port=":$hex" -v state="$3" 'substr($2, length($2) - 4) == port && $4 == state { found = 1 } END { exit !found }'
}

check_ports() {
    # Of a K3s that is there they are in use, and rightly so.
    if [ -e "$root/var/lib/rancher/k3s/server/db" ]; then return 0; fi
    api=$(sed -n 's/^https-listen-port: *"\{0,1\}\([0-9]*\).*/\1/p' "$root/etc/rancher/k3s/config.yaml" 2> /dev/null)
    used=
    for port in "${api:-6443}" 2379 2380 10250 10256 10257 10259; do ! listens tcp "$port" 0A || used="$used $port/tcp"; done
    ! listens udp 8472 07 || used="$used 8472/udp"
    if [ -z "$used" ]; then
        note pass ports "the ports of K3s are free"
    else
        note fail ports "in use by another program:$used" "ss -lntup tells which; stop it or remove it from the image"
    fi
}

check_hostname() {
    name=$(cat "$proc/sys/kernel/hostname" 2> /dev/null)
    case "$name" in
        '' | '(none)' | localhost | localhost.*) note fail hostname "the host is called '$name', and so would be the node" "write operatingSystem.hostname" ; return ;;
        *[!a-z0-9.-]* | -* | *- | .* | *.) note fail hostname "'$name' is no name for a node" "small letters, digits, '-' and '.': write operatingSystem.hostname" ; return ;;
    esac
    if [ -z "$root" ] && command -v getent > /dev/null && ! getent hosts "$name" > /dev/null; then
        note warn hostname "'$name' does not resolve on this machine" "write it into /etc/hosts"
    else
        note pass hostname "$name"
    fi
}

check_image() {
    if [ -x "$root/usr/local/bin/k3s" ] || [ -x "$root/usr/bin/k3s" ] || [ -x "$root/opt/bin/k3s" ]; then note pass k3s "K3s is in the image"; else
        note fail k3s "there is no K3s at /usr/local/bin/k3s" "use an image with K3s embedded"; fi
    if [ -r "$root/opt/install.sh" ]; then note pass install-script "/opt/install.sh is there"; else
        note fail install-script "/opt/install.sh is missing" "use an image with K3s embedded"; fi
    if [ -n "$(ls -A "$root/var/lib/rancher/k3s/agent/images" 2> /dev/null)" ]; then note pass images "container images are embedded"; else
        note warn images "no container images in /var/lib/rancher/k3s/agent/images" "without a network pods cannot start: embed k3s-airgap-images"; fi
}

# awk functions over IPv4 networks; others are left to K3s.
networks='function number(a, p) { return split(a, p, ".") == 4 ? ((p[1] * 256 + p[2]) * 256 + p[3]) * 256 + p[4] : -1 }
    function size(bits) { return 2 ^ (32 - bits) }
    function base(a, bits) { return int(number(a) / size(bits)) }
    function within(a, abits, b, bbits) { return abits >= bbits && base(a, bbits) == base(b, bbits) }'

check_overlap() {
    for name in clusterCidr serviceCidr; do
        for network in $(setting "$name" | tr ',' ' '); do
            case "$network" in *:* | '' | default) continue ;; esac
            found=$(awk -v network="$network" "$networks"'
                function byte(h, i) { return (index(digits, substr(h, i, 1)) - 1) * 16 + index(digits, substr(h, i + 1, 1)) - 1 }
                function address(h) { return byte(h, 7) "." byte(h, 5) "." byte(h, 3) "." byte(h, 1) }
                BEGIN { digits = "0123456789ABCDEF"; split(network, n, "/") }
                NR > 1 && $2 != "00000000" && $1 !~ /^(cni|flannel|veth|kube-)/ {
                    bits = 0
                    for (i = 1; i <= 8; i++) for (v = index(digits, substr($8, i, 1)) - 1; v > 0; v = int(v / 2)) bits += v % 2
                    if (within(n[1], n[2], address($2), bits) || within(address($2), bits, n[1], n[2])) print address($2) "/" bits " on " $1
                }' "$proc/net/route" 2> /dev/null | head -n 1)
            # A cluster that is there has routes of its own.
            if [ -n "$found" ] && [ ! -e "$root/var/lib/rancher/k3s/server/db" ]; then
                note fail networks "$name $network overlaps with the host's own network $found" "choose another $name"
            else
                note pass networks "$name $network is none of the host's own networks"
            fi
        done
    done
}

check_proxy() {
    [ -r "$here/environment" ] && grep -q '^https\{0,1\}_proxy=' "$here/environment" || return 0
    excluded=$(sed -n 's/^no_proxy=//p' "$here/environment")
    case "$excluded" in '*') note pass proxy "noProxy is *"; return ;; esac
    for name in clusterCidr serviceCidr; do
        for network in $(setting "$name" | tr ',' ' '); do
            case "$network" in *:* | '' | default) continue ;; esac
            if awk -v network="$network" -v list="$excluded" "$networks"'
                BEGIN { split(network, n, "/"); count = split(list, parts, ",")
                    for (i = 1; i <= count; i++) if (split(parts[i], p, "/") == 2 && within(n[1], n[2], p[1], p[2])) found = 1
                    exit !found }'; then
                note pass proxy "noProxy contains $name $network"
            else
                note warn proxy "noProxy does not contain $name $network" "K3s adds it for itself, commands and agents of the host do not: add it to noProxy"
            fi
        done
    done
}

check_file_system
check_space
check_kernel
check_cgroups
check_clock
check_route
check_ports
check_hostname
check_image
check_overlap
check_proxy
if [ "$form" = json ]; then
    printf '%s' "$lines" | awk -F '\t' 'function text(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); gsub(/[[:cntrl:]]/, " ", s); return "\"" s "\"" }
        BEGIN { printf "{\"checks\":[" }
        { printf "%s{\"result\":%s,\"check\":%s,\"message\":%s,\"hint\":%s}", (NR > 1 ? "," : ""), text($1), text($2), text($3), text($4); if ($1 == "fail") failed = 1 }
        END { print "],\"ok\":" (failed ? "false" : "true") "}" }'
else
    printf '%s' "$lines" | awk -F '\t' '{ printf "%-5s %-21s %s%s\n", $1, $2, $3, ($4 == "" ? "" : "; " $4) }'
fi
[ "$failures" = 0 ]
