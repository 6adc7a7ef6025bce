#!/usr/bin/env bash
# What the tests need of the system: Docker, a browser, the tools to build a base image. As root it
# installs what is missing (after saying so); otherwise it names the command and goes on: the tests
# that need it are then skipped, or fail where CI=true. It is run in the checkout's root.
set -euo pipefail

missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need dockerd docker.io
need mmdebstrap mmdebstrap
need chromium chromium
need iptables iptables

if [ ${#missing[@]} -gt 0 ]; then
	install="apt-get install -y --no-install-recommends ${missing[*]}"
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		echo "The full test suite needs: ${missing[*]}. Install with: sudo $install"
	else
		echo "Installing what the tests need: ${missing[*]}"
		apt-get update -q >/dev/null
		DEBIAN_FRONTEND=noninteractive $install >/dev/null
	fi
fi

if command -v dockerd >/dev/null && ! docker info >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then
	echo "Starting dockerd"
	log="$(mktemp -t dockerd.XXXXXX.log)"
	setsid dockerd >"$log" 2>&1 </dev/null &
	for _ in $(seq 120); do
		docker info >/dev/null 2>&1 && break
		sleep 0.5
	done
	docker info >/dev/null 2>&1 || { echo "dockerd did not start:"; tail -n 20 "$log"; }
fi

# Beside the machine's Docker, which may be too old for it: nothing of it is installed.
if command -v dockerd >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
	bash "$(dirname "$0")/docker_with_cdi.sh" .make/docker-with-cdi
fi
