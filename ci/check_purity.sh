#!/usr/bin/env bash
# Checks on object files that pure modules use no clock, socket, file, thread, environment or system randomness.
# usage: ci/check_purity.sh BUILD_DIR        exit status 0: pure, 1: findings, one line each
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:?usage: check_purity.sh BUILD_DIR}

# Undefined symbols that reach the world outside. C++ names are matched demangled.
forbidden='^(clock_gettime|clock|time|gettimeofday|localtime(_r)?|gmtime(_r)?|strftime|socket|bind|connect|listen|accept4?|send(to|msg)?|recv(from|msg)?|open(at|64)?|fopen(64)?|fread|fwrite|read|write|close|stat(64)?|unlink|mkdir|pthread_create|getenv|secure_getenv|setenv|rand(om)?|srand(om)?|getrandom|getpid|fork|execv[pe]*|system|popen|ioctl|epoll_.*|poll|select|usleep|nanosleep|sleep|syslog|setlocale)$|^std::(chrono::_V2::(system|steady)_clock::now|random_device|thread|this_thread|basic_[io]*fstream|filesystem|cout|cerr|clog|cin)'

status=0 checked=0
while read -r module purity _; do
  case $module in '' | '#'*) continue ;; esac
  [ "$purity" = pure ] || continue
  archive="$build/harness/$module/libcatflap_${module//\//_}.a"
  [ -e "$archive" ] || continue
  checked=$((checked + 1))
  # base/assert.cpp may print and abort: that is the end of the process.
  found=$(nm -C -u "$archive" 2>/dev/null | sed -n 's/^ *U //p' | sed 's/@.*//; s/(.*//' | sort -u | grep -E "$forbidden" || true)
  if [ "$module" = base ]; then found=$(grep -vE '^(fwrite)$' <<<"$found" || true); fi
  if [ -n "$found" ]; then
    while read -r symbol; do echo "$module: uses $symbol"; done <<<"$found"
    status=1
  fi
done <"$root/harness/modules.txt"
[ "$checked" -gt 0 ] || { echo "no pure archive under $build: build first"; exit 1; }
[ $status = 0 ] && echo "$checked pure modules use nothing of the operating system"
exit $status
