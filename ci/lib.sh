# Helpers of ci/demo and ci/test; sourced from the root of the checkout.

log_dir=build/log
mkdir -p "$log_dir"

# step NAME COMMAND...: runs it with its output in build/log/NAME.log; shows that only when it fails.
step() {
  local name=$1 started=$SECONDS log="$log_dir/${1// /-}.log"
  shift
  [ -t 1 ] && printf '  … %s\r' "$name"
  if "$@" >"$log" 2>&1; then
    printf '  ✔ %-28s %4d s\n' "$name" $((SECONDS - started))
  else
    local status=$?
    printf '  ✘ %-28s %4d s   (whole log: %s)\n' "$name" $((SECONDS - started)) "$log"
    tail -n 60 "$log"
    return $status
  fi
}

# build_preset NAME: configures where needed and builds.
build_preset() {
  [ -e "build/$1/build.ninja" ] || cmake --preset "$1"
  cmake --build --preset "$1"
}
