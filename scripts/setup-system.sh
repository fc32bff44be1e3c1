#!/bin/sh
# Installs the system packages that pip cannot bring, or names the command that does.
#
# usage: setup-system.sh python|window|tests
#   python  python3 >= 3.11 that can make virtual environments
#   window  libraries that Qt loads at run time
#   tests   the window's, a screen without a screen, an MQTT broker, a C compiler
set -eu

what=${1:?usage: setup-system.sh python|window|tests}
python=${PYTHON:-python3}
missing=

need() { missing="$missing $1"; }

need_library() { # soname, package
    cache=$(/sbin/ldconfig -p 2>/dev/null || ldconfig -p 2>/dev/null || true)
    case $cache in *"$1 "*) ;; *) need "$2" ;; esac
}

need_command() { # command, package
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || need "$2"
}

case $what in
python)
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "ecgmon needs Python 3.11 or newer; $python is older or not there. Try: make PYTHON=python3.12" >&2
        exit 1
    }
    "$python" -c 'import ensurepip, venv' 2>/dev/null || need python3-venv
    ;;
window | tests)
    need_library libEGL.so.1 libegl1
    need_library libGL.so.1 libgl1
    need_library libdbus-1.so.3 libdbus-1-3
    need_library libfontconfig.so.1 libfontconfig1
    need_library libglib-2.0.so.0 libglib2.0-0
    need_library libxkbcommon.so.0 libxkbcommon0
    need_library libxkbcommon-x11.so.0 libxkbcommon-x11-0
    need_library libX11-xcb.so.1 libx11-xcb1
    need_library libxcb-cursor.so.0 libxcb-cursor0
    need_library libxcb-icccm.so.4 libxcb-icccm4
    need_library libxcb-image.so.0 libxcb-image0
    need_library libxcb-keysyms.so.1 libxcb-keysyms1
    need_library libxcb-randr.so.0 libxcb-randr0
    need_library libxcb-render-util.so.0 libxcb-render-util0
    need_library libxcb-shape.so.0 libxcb-shape0
    need_library libxcb-xinerama.so.0 libxcb-xinerama0
    need_library libxcb-xkb.so.1 libxcb-xkb1
    [ -d /usr/share/fonts/truetype/dejavu ] || need fonts-dejavu-core
    ;;
*)
    echo "setup-system.sh: unknown set '$what' (python, window, tests)" >&2
    exit 2
    ;;
esac
if [ "$what" = tests ]; then
    need_command Xvfb xvfb
    need_command mosquitto mosquitto
    need_command cc gcc
    need_command zsh zsh
    need_command fish fish
    [ -e /usr/include/stdlib.h ] || need libc6-dev
fi

[ -n "$missing" ] || exit 0

install="apt-get update && apt-get install --yes --no-install-recommends$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Some system packages are missing. Debian calls them:$missing" >&2
    echo "Install their like with your package manager; what needs them does not run until then." >&2
elif [ "$(id -u)" = 0 ]; then
    echo "Installing system packages:$missing"
    DEBIAN_FRONTEND=noninteractive sh -c "$install" >/dev/null
    exit 0
elif sudo -n true 2>/dev/null; then
    echo "Installing system packages:$missing"
    sudo -n env DEBIAN_FRONTEND=noninteractive sh -c "$install" >/dev/null
    exit 0
else
    echo "Some system packages are missing. To install them:" >&2
    echo "  sudo sh -c '$install'" >&2
fi
# Without Python nothing runs; without the rest there is the terminal view.
[ "$what" != python ]
