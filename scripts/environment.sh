# Sourced by the other scripts: where things are, and how a phase is run and timed.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$HOME/.cache/tessera
emcc_version_min=3.1.60
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 NPM_CONFIG_UPDATE_NOTIFIER=false
# Another clone on the same machine finds in ccache what this one compiled.
export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-2G} CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

# The Node of package-lock.json comes first: an older one computes a wrong relaxed dot product.
system_path=$PATH
export PATH="$root/node_modules/.bin:$PATH"

fail() {
  echo "error: $*" >&2
  exit 1
}

# version_at_least VERSION MINIMUM
version_at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# Puts an emcc on PATH, the machine's own if it is new enough, and names its CMake toolchain file.
find_emscripten() {
  local version
  version=$(emcc -dumpversion 2>/dev/null || true)
  if ! version_at_least "${version:-0}" "$emcc_version_min"; then
    PATH="$cache/emscripten/usr/share/emscripten:$PATH"
  fi
  command -v emcc >/dev/null || return 1
  local folder
  folder=$(dirname "$(readlink -f "$(command -v emcc)")")
  export TESSERA_EMSCRIPTEN_TOOLCHAIN="$folder/cmake/Modules/Platform/Emscripten.cmake"
  [ -f "$TESSERA_EMSCRIPTEN_TOOLCHAIN" ]
}

# as_root COMMAND...: runs it with the rights that installing system packages needs.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "installing packages needs root or sudo: $*"
  fi
}

# phase TITLE COMMAND...: runs it into build/logs and says how long it took; a failure shows the
# log's end.
phase() {
  local title=$1 log started status
  shift
  mkdir -p "$root/build/logs"
  log="$root/build/logs/$(tr -cs 'a-zA-Z0-9' '-' <<<"$title" | sed 's/-*$//').log"
  printf '%-60s' "$title"
  started=$(date +%s%N)
  set +e
  (set -e && "$@") >"$log" 2>&1 </dev/null
  status=$?
  set -e
  printf '%7.1f s\n' "$((($(date +%s%N) - started) / 100000000))e-1"
  if [ "$status" != 0 ]; then
    tail -n 30 "$log" >&2
    fail "'$title' failed; the whole log is $log"
  fi
}

# fingerprint PATH...: one hash over the names, sizes and times of all files below; cheap, and
# different after any edit.
fingerprint() {
  (cd "$root" && find "$@" -type f -printf '%p %s %T@\n' 2>/dev/null | LC_ALL=C sort |
    sha256sum | cut -c 1-64)
}

# is_fresh NAME VALUE, mark_fresh NAME VALUE: a stamp under build/stamps remembers what a phase was
# run for.
is_fresh() {
  [ "$(cat "$root/build/stamps/$1" 2>/dev/null)" = "$2" ]
}

mark_fresh() {
  mkdir -p "$root/build/stamps"
  printf '%s' "$2" >"$root/build/stamps/$1"
}
