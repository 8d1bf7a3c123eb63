#!/bin/sh
# Unpack Debian's Prometheus, Alertmanager, wrk and Dovecot into .tools/ for the tests and benchmarks.
#
#   sh deploy/tools.sh [promtool prometheus amtool alertmanager wrk dovecot]
#
# Needs apt-get and dpkg-deb (Debian or Ubuntu), no root; installs nothing and starts nothing.
# What .tools/bin or PATH already offers is left alone, so a second run is quiet and quick.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
tools="$root/.tools"
PATH="$tools/bin:$PATH"

command_of() { # the name under which Debian installs a tool
    case "$1" in
    alertmanager) echo prometheus-alertmanager ;;
    *) echo "$1" ;;
    esac
}

packages_of() {
    case "$1" in
    prometheus | promtool) echo prometheus ;;
    alertmanager | amtool) echo prometheus-alertmanager ;;
    wrk) echo wrk libluajit-5.1-2 ;;
    dovecot) echo dovecot-core dovecot-imapd libexttextcat-2.0-0 liblua5.4-0 libsodium23 libstemmer0d libwrap0 ;;
    *) echo "tools.sh: unknown tool '$1'" >&2 && exit 2 ;;
    esac
}

is_there() { command -v "$1" >/dev/null 2>&1 || command -v "$(command_of "$1")" >/dev/null 2>&1; }

missing_of() {
    for tool in "$@"; do is_there "$tool" || printf '%s ' "$tool"; done
}

give_up() {
    echo "tools.sh: $1" >&2
    echo "tools.sh: still missing: $missing" >&2
    echo "tools.sh: put them on PATH by other means, or let their tests be skipped with" >&2
    echo "tools.sh:     ALLOW_MISSING=$(echo $missing | tr ' ' ',')" >&2
    exit 1
}

[ $# -gt 0 ] || set -- promtool prometheus amtool alertmanager wrk dovecot
packages=""
for tool in "$@"; do
    wanted=$(packages_of "$tool") || exit 2
    is_there "$tool" || packages="$packages $wanted"
done
missing=$(missing_of "$@")
[ -n "$missing" ] || exit 0

for needed in apt-get apt-cache dpkg-deb; do
    command -v "$needed" >/dev/null 2>&1 || give_up "$needed is not here: this is no Debian or Ubuntu"
done
packages=$(printf '%s\n' $packages | sort -u)

mkdir -p "$tools/bin"
work=$(mktemp -d "$tools/unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

# Dovecot finds its parts where a configuration (dovecot -F -c FILE) says; doveconf starts it.
with_dovecot() {
    cat <<END
tree="\$tools$1"
lib="\$tree/usr/lib/dovecot"
export LD_LIBRARY_PATH="\$lib:\$lib/modules/old-stats:\$(echo "\$tree"/usr/lib/*-linux-gnu)"
base=\$("\$tree/usr/bin/doveconf" -h -c "\$3" base_dir)
mkdir -p "\$base"
ln -sfn "\$lib/modules" "\$base/modules"
{
  echo "!include \$3"
  echo "libexec_dir = \$lib"
  echo "mail_plugin_dir = \$lib/modules"
  echo "import_environment = TZ LD_LIBRARY_PATH=\$LD_LIBRARY_PATH"
} >"\$3.unpacked"
exec "\$tree/usr/bin/doveconf" -f service=master -c "\$3.unpacked" -m master \\
  -e "\$tree/usr/sbin/dovecot" -F -c "\$3.unpacked"
END
}

known() { apt-cache show --no-all-versions "$@" >/dev/null 2>&1; }

if ! known $packages && [ "$(id -u)" = 0 ]; then
    echo "tools.sh: reading the package lists (apt-get update)"
    apt-get -qq update || give_up "apt-get update failed"
fi
echo "tools.sh: fetching" $packages
(cd "$work" && apt-get -qq download $packages 2>"$work/log") || {
    cat "$work/log" >&2
    give_up "apt-get download failed (no network, or empty lists: run 'apt-get update' as root)"
}
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/tree"; done

# Renamed into place at the end: a run that was cut short leaves nothing half done.
tree="$tools/tree.$$"
mv "$work/tree" "$tree"
# Debian's Alertmanager opens its template by an absolute path. Here it is only unpacked, so that folder
# in the binary becomes "here", written to the same length, and it is started in the folder.
templates=/usr/share/prometheus/alertmanager
here=./././././././././././././././././
alertmanager="$tree/usr/bin/prometheus-alertmanager"
[ ! -f "$alertmanager" ] || LC_ALL=C sed -i "s|$templates|$here|g" "$alertmanager"
# So is the folder of Dovecot's modules: it becomes one beside the process that looks for them.
modules=/usr/lib/dovecot/modules
beside=././././././././/modules
dovecot="$tree/usr/lib/dovecot/libdovecot.so.0.0.0"
[ ! -f "$dovecot" ] || LC_ALL=C sed -i "s|$modules\x00|$beside\x00|" "$dovecot"
for tool in "$@"; do
    binary="$tree/usr/bin/$(command_of "$tool")"
    [ "$tool" != dovecot ] || binary="$tree/usr/sbin/dovecot"
    [ -x "$binary" ] || continue
    libraries=$(find "$tree/usr/lib" -name 'libluajit*' 2>/dev/null | head -n 1)
    {
        echo '#!/bin/sh'
        echo 'tools=$(cd "$(dirname "$0")/.." && pwd)'
        [ "$tool" != alertmanager ] || echo "cd \"\$tools${tree#"$tools"}$templates\""
        [ "$tool" != dovecot ] || with_dovecot "${tree#"$tools"}"
        [ "$tool" != wrk ] || echo "export LD_LIBRARY_PATH=\"\$tools$(dirname "${libraries#"$tools"}")\""
        echo "exec \"\$tools${binary#"$tools"}\" \"\$@\""
    } >"$work/$tool"
    chmod 755 "$work/$tool"
    mv "$work/$tool" "$tools/bin/$tool"
done

missing=$(missing_of "$@")
[ -z "$missing" ] || give_up "the packages did not contain everything"
echo "tools.sh: ready in .tools/bin"
