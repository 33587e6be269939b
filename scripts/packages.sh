# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by ./dev. `need GROUP...` makes sure that the Debian packages of these groups are installed.

packages_product=(g++ ninja-build meson pkg-config libsqlite3-dev libssl-dev libboost1.81-dev libsimdjson-dev libfmt-dev
  libspdlog-dev libcli11-dev libtomlplusplus-dev zstd python3)
packages_tests=(doctest-dev libbenchmark-dev clang libc++-dev libc++abi-dev binutils patch)
packages_lint=(clang-format clang-tidy)
packages_coverage=(gcovr)
packages_fuzz=(clang libclang-rt-14-dev)
packages_bare=(debootstrap git util-linux)

# die MESSAGE: wrong usage or a missing condition that only the caller can mend.
die() {
  printf 'dev: %s\n' "$1" >&2
  exit 2
}

# Prints those of PACKAGE... that are installed, one a line. dpkg-query fails as soon as it does not know one of them.
installed() {
  { dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true; } | sed -n 's/ installed$//p'
}

meson_is_recent() {
  local version
  version=$(meson --version 2>/dev/null) && [ "${version%%.*}" -ge 1 ]
}

# Prints those of PACKAGE... that are to be installed, one a line.
missing() {
  local package present
  present=$(installed "$@")
  for package; do
    grep -qxF -e "$package" <<<"$present" && continue
    [ "$package" = meson ] && meson_is_recent && continue
    printf '%s\n' "$package"
  done
}

# Boost 1.81 and 1.74 cannot both be installed; what a user has installed goes only with the user's consent.
ask_to_replace_boost() {
  local old answer
  old=$(installed libboost1.74-dev)
  [ -n "$old" ] || return 0
  [ -t 0 ] && [ -t 1 ] ||
    die "libboost1.81-dev would replace the installed libboost1.74-dev: apt-get install libboost1.81-dev, then try again"
  read -r -p "libboost1.81-dev replaces the installed libboost1.74-dev and the packages that need it. Go on? [y/N] " answer
  [[ $answer == [yY]* ]] || die "libboost1.81-dev is needed and was not installed: nothing was changed"
  may_remove=()
}

# need GROUP...: costs one query when all are there.
need() {
  command -v dpkg-query >/dev/null || return 0  # not Debian: Meson says what it lacks
  local group list wanted=() to_install as_root=() may_remove=(--no-remove)
  for group; do
    declare -n list=packages_$group
    wanted+=("${list[@]}")
    unset -n list
  done
  mapfile -t to_install < <(missing "${wanted[@]}")
  ((${#to_install[@]})) || return 0

  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; } ||
      die "packages are missing; as root: apt-get update && apt-get install --no-install-recommends ${to_install[*]}"
    as_root=(sudo)
  fi
  [[ " ${to_install[*]} " != *" libboost1.81-dev "* ]] || ask_to_replace_boost

  printf 'dev: installing %s\n' "${to_install[*]}"
  "${as_root[@]}" apt-get -q update || printf 'dev: apt-get update failed; trying with the lists that are there\n' >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 install \
    --no-install-recommends "${may_remove[@]}" "${to_install[@]}" ||
    die "apt-get could not install ${to_install[*]}: its reason stands above"
}
