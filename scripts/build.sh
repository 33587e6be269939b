# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by ./dev and scripts/lint: build directories, their options, and test runs.

build_directories=(build build-asan build-tsan build-clang build-coverage build-fuzz build-mutants)

if [ "${CI:-}" = true ]; then export TERM=dumb; fi
# A compiler cache, where there is one, serves every checkout of this tree.
export CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$PWD

# All C and C++ sources, separated by NUL.
sources() {
  find host sdk plugins tests -type f \( -name '*.[ch]' -o -name '*.[ch]pp' \) -print0
}

# configure DIR COMPILER OPTION...: sets DIR up, or gives it the options that it lacks. Options only add up: a command
# that needs less than another before it takes nothing away, so nothing is built again.
configure() {
  local dir=$1 compiler=$2 cache='' option
  local -A compilers=([gcc]=g++ [clang]=clang++)
  local stamp=$dir/.dev-options lacking=()
  shift 2
  command -v ccache >/dev/null && cache='ccache '
  if [ ! -f "$dir/build.ninja" ]; then
    CC=$cache$compiler CXX=$cache${compilers[$compiler]} meson setup "$@" "$dir"
    printf '%s\n' "$@" >"$stamp"
    return
  fi
  for option; do
    grep -qsxF -e "$option" "$stamp" || lacking+=("$option")
  done
  ((${#lacking[@]})) || return 0
  meson setup --reconfigure "${lacking[@]}" "$dir"
  printf '%s\n' "${lacking[@]}" >>"$stamp"
}

# split_arguments [--werror] [NAME...]: sets `options` and `names`.
split_arguments() {
  local argument
  options=() names=()
  for argument; do
    case $argument in
      --werror) options+=(-Dwerror=true) ;;
      -*) die "no option is called '$argument': ./dev help lists them" ;;
      *) names+=("$argument") ;;
    esac
  done
}

# build_product [--werror]: the host and its plugins. Tests join in only if build/ already has them.
build_product() {
  local options names
  split_arguments "$@"
  ((${#names[@]} == 0)) || die "'${names[0]}' is too much: this command takes no names"
  [ -f build/build.ninja ] || options+=(-Dtests=false)
  configure build gcc "${options[@]}"
  ninja -C build
}

# run_tests DIR KIND [--werror] [NAME...]: the last line is "N passed, N failed".
run_tests() {
  local dir=$1 kind=$2 options names counting=() status=0
  local log=$dir/meson-logs/testlog.json plain=build/meson-logs/all-tests.json
  shift 2
  split_arguments "$@"
  case $kind in
    plain) options+=(-Dtests=true) ;;
    coverage) options+=(-Dtests=true -Db_coverage=true) ;;
    address)
      # A finding needs lines, no variables: with less to say about the code it compiles in half the time.
      options+=(-Dtests=true -Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false
        '-Dc_args=-g1 -fno-sanitize-recover=all' '-Dcpp_args=-g1 -fno-sanitize-recover=all')
      ;;
    thread) options+=(-Dtests=true -Db_sanitize=thread -Db_lundef=false) ;;
  esac
  configure "$dir" gcc "${options[@]}"
  ninja -C "$dir"

  rm -f "$log"
  local slower=1 at_once=$((2 * $(nproc)))  # many tests wait more than they compute
  [ "$kind" = plain ] || slower=5
  meson test -C "$dir" --no-rebuild --print-errorlogs --num-processes "$at_once" --timeout-multiplier "$slower" \
    "${names[@]}" || status=1
  if ((${#names[@]} == 0)) && [ -f "$log" ]; then
    if [ "$kind" = plain ]; then
      cp "$log" "$plain"
    elif [ "$kind" != coverage ] && [ -f "$plain" ]; then
      counting+=(--as-many-as "$plain")
    fi
  fi
  python3 scripts/count_tests.py "${counting[@]}" "$log" || status=1
  return $status
}
