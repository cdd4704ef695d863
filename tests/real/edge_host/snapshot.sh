# A listing of everything that software in the host can change, for a comparison before and after. One line per thing:
#   file MODE OWNER SIZE SHA256 PATH | folder MODE OWNER PATH | link PATH -> TARGET | special MODE PATH
#   mount TYPE PATH | interface NAME ADDRESSES | route … | rule TABLE … | process COMMAND LINE | cgroup PATH
# Times are left out, so are empty built-in chains of the firewall, and so is /proc. Process ids are left out: they are never the same twice.

command_snapshot() {
    local excluded=()
    load "${1:-}"
    shift
    while [ $# -gt 0 ]; do
        [ "$1" = --exclude ] && [ $# -ge 2 ] || fail "snapshot: --exclude PATH is expected, not '$1'"
        excluded+=("$2")
        shift 2
    done
    {
        list_files "${excluded[@]}"
        enter -- awk '{ print "mount", $3, $2 }' /proc/self/mounts
        enter -- ip -o address show | awk '{ print "interface", $2, $3, $4 }'
        enter -- ip -o link show | sed 's/^[0-9]*: \([^@:]*\).*/interface \1/'
        enter -- ip route show table all | sed 's/^/route /'
        enter -- iptables-save 2>/dev/null | sed -n '/^\*/{s/^\*//;h};/^:[A-Z]* ACCEPT /d;/^[-:]/{s/ \[[0-9:]*\]$//;G;s/\(.*\)\n\(.*\)/rule \2 \1/;p}'
        list_processes | sed 's/^[0-9]* /process /' | grep -vxE 'process (/bin/bash /run/edge-init|sleep 1000000)' || true
        (cd /sys/fs/cgroup && find . -mindepth 2 -path "./*/$cgroup*" -type d) | sed 's/^\./cgroup /'
    } | LC_ALL=C sort -u
}

# /usr/local, /etc, /var, /opt, /root, /home, /srv, /run and /tmp; in nspawn also the rest of the root.
list_files() {
    local places=(/etc /var /opt /root /home /srv /usr/local /run /tmp) prune=() place
    for place in "$@"; do prune+=(-path "$place" -prune -o); done
    # Other file systems below (pods' mounts) show up as mounts and are not walked.
    enter -- find "${places[@]}" -xdev "${prune[@]}" \
        \( -type f -printf 'file %m %U:%G %s %p\0' -o -type d -printf 'folder %m %U:%G %p\0' -o -type l -printf 'link %p -> %l\0' -o -printf 'special %m %p\0' \) |
        enter -- python3 -c '
import hashlib, sys
for entry in sys.stdin.buffer.read().split(b"\0")[:-1]:
    if entry.startswith(b"file "):
        head, path = entry.split(b" ", 4)[:4], entry.split(b" ", 4)[4]
        try:
            with open(path, "rb") as file:
                digest = hashlib.sha256()
                while block := file.read(1 << 20):
                    digest.update(block)
            head.append(digest.hexdigest().encode())
        except OSError:
            head.append(b"unreadable")
        entry = b" ".join(head + [path])
    sys.stdout.buffer.write(entry.replace(b"\n", b"\\n") + b"\n")
'
}
