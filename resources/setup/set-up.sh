#!/usr/bin/env bash
# Install what one purpose needs, and say what and why. A second call installs nothing.
#
# usage: set-up.sh run|demo|check|test
#   run    the tools and the Python environment of the pipeline
#   demo   and the simulator and the reference of the demo (a FASTA in ONCONCORD_CHR20 replaces it)
#   check  the tools of run, and the Python packages of the unit tests
#   test   everything: demo, a browser, Spark, the context of RO-Crate
# Debian packages come by apt (root or sudo), GATK from Maven Central, Python from PyPI by a lock
# file with hashes. All but the Debian packages live in .tools/ and .venv/ of this checkout. A
# program that is on the PATH already, of conda for example, is taken as it is; `onconcord doctor`
# judges its version.
set -euo pipefail

purpose=${1:?run, demo, check or test}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
tools=$root/.tools
mkdir -p "$tools/bin" "$tools/logs"
installed=

# Two makes at once would install into each other's folders.
exec 9>"$tools/lock"
! command -v flock >/dev/null || flock 9

say() { printf 'set-up: %s\n' "$*"; }

fail() {
    printf 'error: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" >&2
    exit 2
}

digest_of() { cat -- "$@" | sha256sum | cut -d ' ' -f 1; }

# A stamp holds the digest of the lists that an installation was made from.
is_current() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# --- Debian packages ---------------------------------------------------------------------------

python_is_fit() { python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; }

# The GATK of this checkout, or one that is on the PATH (conda), needs no Maven.
gatk_digest=$(digest_of "$here/gatk/pom.xml" "$here/gatk/jars.sha256" "$here/gatk/gatk")
gatk_is_here() { is_current "$tools/gatk/stamp" "$gatk_digest"; }
gatk_of_path() { PATH=${PATH//$tools\/bin:/} command -v gatk >/dev/null; }

is_there() {
    case $1 in
        ensurepip) [ -x "$tools/uv/bin/uv" ] || python_is_fit ;;
        # Only Debian's mosdepth opens the library by this name.
        libhts.so) [ "$(command -v mosdepth)" != /usr/bin/mosdepth ] || compgen -G '/usr/lib/*/libhts.so' >/dev/null ;;
        /*) [ -e "$1" ] ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

is_wanted() {
    case $1 in
        run | python) true ;;
        gatk) ! gatk_is_here && ! gatk_of_path ;;
        demo) [ "$purpose" = demo ] || [ "$purpose" = test ] ;;
        reference) { [ "$purpose" = demo ] || [ "$purpose" = test ]; } && [ -z "${ONCONCORD_CHR20:-}" ] ;;
        test) [ "$purpose" = test ] ;;
    esac
}

packages=() reasons=()
mosdepth_is_missing=$(is_there mosdepth || echo yes)
while IFS=$'\t' read -r package for provides why; do
    is_wanted "$for" || continue
    if is_there "$provides" && ! { [ "$provides" = libhts.so ] && [ -n "$mosdepth_is_missing" ]; }; then
        continue
    fi
    packages+=("$package")
    reasons+=("$package: $why")
done < <(tail -n +2 "$here/apt.tsv")

conda_way=(
    'The conda way works on any Linux, without root:'
    '    conda env create --file envs/workstation.yaml && conda activate onconcord'
    'Then call make again; the demo is given its reference as a file, GRCh37 chromosome 20:'
    '    make demo ONCONCORD_CHR20=/path/to/20.fa.gz'
)

if [ ${#packages[@]} -gt 0 ]; then
    system=$(uname -s)
    # shellcheck source=/dev/null
    [ ! -r /etc/os-release ] || system=$(. /etc/os-release && echo "${ID:-} ${VERSION_CODENAME:-}")
    elevate=()
    problem=
    if [ "$system" != "debian bookworm" ] || ! command -v apt-get >/dev/null; then
        problem="They are Debian bookworm's packages, and this is \"$system\"."
    elif [ "$(id -u)" -ne 0 ]; then
        elevate=(sudo)
        if ! command -v sudo >/dev/null; then
            problem="apt-get needs root, and there is no sudo."
        elif ! sudo -n true 2>/dev/null && [ ! -t 0 ]; then
            problem="apt-get needs root, and sudo asks for a password."
        fi
    fi
    if [ -n "$problem" ]; then
        fail "${#packages[@]} packages are missing. $problem" "${reasons[@]/#/    }" "${conda_way[@]}"
    fi
    say "apt-get installs ${#packages[@]} packages and what they need"
    printf '    %s\n' "${reasons[@]}"
    log=$tools/logs/apt.log
    # Images for containers leave documentation out, and with it the reference in vt-examples.
    if ! {
        "${elevate[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update &&
            "${elevate[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
                -o DPkg::Lock::Timeout=300 -o 'Dpkg::Options::=--path-include=/usr/share/doc/vt/*' \
                install --no-install-recommends "${packages[@]}"
    } >"$log" 2>&1 9>&-; then
        tail -n 5 "$log" >&2
        fail "apt-get failed; all it said is in $log." "${conda_way[@]}"
    fi
    hash -r
    for index in "${!packages[@]}"; do
        provides=$(awk -F '\t' -v package="${packages[index]}" '$1 == package { print $3 }' "$here/apt.tsv")
        is_there "$provides" || fail "apt-get installed ${packages[index]}, but $provides is not there."
    done
    installed=yes
fi

# --- GATK --------------------------------------------------------------------------------------

if ! gatk_is_here && ! { gatk_of_path && ! command -v mvn >/dev/null; }; then
    say "Maven fetches GATK: $(grep -c . "$here/gatk/jars.sha256") jars, for calls, contamination and recalibration"
    rm -rf "$tools/gatk" "$tools/gatk.part"
    mkdir -p "$tools/gatk.part"
    if ! mvn -B -q -f "$here/gatk/pom.xml" -Dmaven.repo.local="$tools/gatk.part/repository" \
        dependency:copy-dependencies -DoutputDirectory="$tools/gatk.part/lib" \
        >"$tools/logs/maven.log" 2>&1 9>&-; then
        grep -m 3 ERROR "$tools/logs/maven.log" >&2 || true
        fail "Maven failed; all it said is in $tools/logs/maven.log."
    fi
    (cd "$tools/gatk.part/lib" && sha256sum --check --strict --quiet "$here/gatk/jars.sha256") \
        || fail "A jar of GATK differs from its digest in resources/setup/gatk/jars.sha256."
    rm -rf "$tools/gatk.part/repository"
    mv "$tools/gatk.part" "$tools/gatk"
    install -m 755 "$here/gatk/gatk" "$tools/bin/gatk"
    # Classes read once and kept ready: each start of GATK costs half a CPU second instead of 1.5.
    GATK_ARCHIVE=new "$tools/bin/gatk" Mutect2 --help >"$tools/logs/gatk.log" 2>&1 9>&- || true
    [ -s "$tools/gatk/classes.jsa" ] || say "GATK's class archive could not be made: its starts take a second longer"
    printf '%s' "$gatk_digest" >"$tools/gatk/stamp"
    installed=yes
fi

# --- Python ------------------------------------------------------------------------------------

case $purpose in
    run | demo) groups=() ;;
    check) groups=(--group dev) ;;
    test) groups=(--group dev --group engines) ;;
esac
python_digest=$(digest_of "$root/uv.lock" "$root/pyproject.toml" "$here/uv.txt")
stamp=$root/.venv/stamp-$purpose
# What a larger purpose installed serves a smaller one.
for larger in $purpose check test; do
    [ "$purpose" = test ] && [ "$larger" != test ] && continue
    if is_current "$root/.venv/stamp-$larger" "$python_digest"; then stamp=; fi
done
if [ -n "$stamp" ]; then
    if ! is_current "$tools/uv/stamp" "$(digest_of "$here/uv.txt")"; then
        say "pip fetches uv, which installs the lock file's Python packages"
        rm -rf "$tools/uv"
        python3 -m venv "$tools/uv"
        "$tools/uv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
            --only-binary :all: --no-deps --requirement "$here/uv.txt" 9>&-
        digest_of "$here/uv.txt" | tr -d '\n' >"$tools/uv/stamp"
    fi
    say "uv installs the Python packages of uv.lock into .venv${groups[*]:+ (${groups[*]})}"
    # --inexact: the demo does not take the tests' packages away. Bytecode is made here, since a
    # user may not write to a shared checkout, and every start would compile all it imports.
    UV_PROJECT_ENVIRONMENT=$root/.venv UV_CACHE_DIR=$tools/uv-cache UV_PYTHON_INSTALL_DIR=$tools/python \
        "$tools/uv/bin/uv" sync --quiet --project "$root" --locked --inexact --compile-bytecode \
        ${groups[@]+"${groups[@]}"} 9>&-
    "$root/.venv/bin/python" -m compileall -q "$root/src" 9>&-
    # Files of the cache are hard links of the environment's: the space was not used twice.
    rm -rf "$tools/uv-cache"
    printf '%s' "$python_digest" >"$stamp"
    installed=yes
fi

# --- Context of RO-Crate ------------------------------------------------------------------------

context=$tools/ro-crate/context.json
if [ "$purpose" = test ] && [ ! -s "$context" ]; then
    say "npm's ro-crate has the JSON-LD context that a release's crate is validated with"
    # Where npm cannot be reached one test is skipped, and says so.
    python3 "$here/fetch_crate_context.py" "$context" || [ $? -eq 1 ]
fi

# --- Versions ----------------------------------------------------------------------------------

if [ -n "$installed" ]; then
    case $purpose in
        check) for=run ;;
        *) for=$purpose ;;
    esac
    "$root/.venv/bin/onconcord" doctor --for "$for" 9>&- >"$tools/logs/doctor.txt" || {
        cat "$tools/logs/doctor.txt"
        exit 2
    }
    say "done; every tool has an accepted version (onconcord doctor)"
fi
