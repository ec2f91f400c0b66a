#!/bin/bash
# Runs a command as if the machine were its own: in a network, process and mount namespace where nothing else runs, so
# that a test can compare everything before and after, and whatever it leaves ends with it. Tests that need root are
# skipped (77) without.
#
#   isolated.sh python3 -m pytest FILE
set -u
if [ "$(id -u)" != 0 ]; then
  echo "skipped: needs root (network namespaces)"
  exit 77
fi
if ! unshare --net --pid --fork --mount-proc true 2>/dev/null; then
  echo "skipped: namespaces cannot be made here; in a container, use --privileged"
  exit 77
fi
# bash stays process 1 and reaps what loses its parent. --kill-child: the whole goes when the test is given up.
exec unshare --net --pid --fork --kill-child --mount-proc --propagation private \
  /bin/bash -c 'mount -t tmpfs none /run && ip link set lo up && "$@"; exit $?' isolated "$@"
