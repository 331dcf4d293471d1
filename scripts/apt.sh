# Sourced by the set-up scripts: apt with patience, and downloads from other suites of the same
# mirror without touching the machine's own package lists.

# apt_get ARGUMENT...: as root; waits for another apt to finish, and tries again when the network
# stumbles.
apt_get() {
  local attempt log
  log=$(mktemp)
  for attempt in $(seq 1 60); do
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
      -o Acquire::Retries=3 -qq "$@" >"$log" 2>&1; then
      rm -f "$log"
      return 0
    fi
    # "cannot access archive": another apt emptied the folder of downloads meanwhile.
    if grep -qE 'Temporary failure|Failed to fetch|cannot access archive' "$log"; then
      [ "$attempt" -lt 3 ] || break
    else
      grep -qE 'Could not get lock|Unable to lock|is held by process' "$log" || break
    fi
    sleep 5
  done
  cat "$log" >&2
  rm -f "$log"
  return 1
}

# apt_install PACKAGE...: installs those that are missing; asks for no rights when none is.
apt_install() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
      missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0
  echo "installing: ${missing[*]}"
  apt_get update && apt_get install -y --no-install-recommends "${missing[@]}"
}

# The mirror that this machine already takes Debian 12 from.
debian_mirror() {
  local mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
  if [ -z "$mirror" ]; then
    apt_get update >&2
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
  fi
  [ -n "$mirror" ] || fail "no Debian 12 (bookworm) mirror in this machine's apt sources"
  printf '%s' "$mirror"
}

# isolated_apt FOLDER "deb SUITE" | "deb-src SUITE" ...: prepares FOLDER as an apt state of its own
# that knows those suites of the machine's mirror; sets the array `isolated` to the options that
# select it.
isolated_apt() {
  local folder=$1 mirror line keys=/usr/share/keyrings/debian-archive-keyring.gpg
  shift
  mirror=$(debian_mirror)
  mkdir -p "$folder"/{lists/partial,cache/archives/partial}
  chmod 755 "$folder"
  for line in "$@"; do
    echo "${line% *} [signed-by=$keys] $mirror ${line#* } main"
  done >"$folder/sources.list"
  isolated=(-qq -o "Dir::State=$folder" -o Dir::State::status=/var/lib/dpkg/status
    -o "Dir::Cache=$folder/cache" -o "Dir::Etc::sourcelist=$folder/sources.list"
    -o Dir::Etc::sourceparts=/dev/null -o "APT::Sandbox::User=$(id -un)" -o Acquire::Retries=3)
  apt-get "${isolated[@]}" update
}
