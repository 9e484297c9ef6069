#!/usr/bin/env bash
# Installs the system's Chromium if possible; without it, the browser tests are skipped and say so.
set -u
command -v chromium >/dev/null || command -v chromium-browser >/dev/null && exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
    echo "Installing Chromium ..."
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium; } >/dev/null 2>&1 ||
        echo "Chromium cannot be installed here."
else
    echo "There is no Chromium, and no permission to install it."
fi
exit 0
