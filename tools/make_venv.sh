#!/bin/sh
# Creates a virtual environment in the given folder, with the first suitable Python >= 3.11, or the one in PYTHON=...
set -eu

folder=$1

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

found=
chosen=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
    is_recent "$candidate" || continue
    found=${found:-$candidate}
    if has_venv "$candidate"; then
        chosen=$candidate
        break
    fi
done

if [ -z "$found" ]; then
    echo "cxrules needs Python 3.11 or later; none of these qualifies: ${PYTHON:-python3, python3.11 ... python3.14}." >&2
    exit 1
fi

if [ -z "$chosen" ]; then # Debian and Ubuntu keep ensurepip in a separate package
    package=$("$found" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "$found cannot make virtual environments: installing $package ..."
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$package"; } >/dev/null || true
    fi
    if ! has_venv "$found"; then
        echo "$found cannot make virtual environments. Install the package $package (or python3-venv) and try again." >&2
        exit 1
    fi
    chosen=$found
fi

echo "Making $folder with $("$chosen" --version) ..."
"$chosen" -m venv --clear "$folder"
