#!/usr/bin/env bash
# Installs what is missing: system packages (as root, with apt), then .venv from requirements.lock, then this project.
# With the argument `bench`, instead: what only `make bench` needs, beside what is installed already. With `test`: what
# some tests drive, where it can be had; without it they say that they are skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly PYTHON=${PYTHON:-python3}
readonly POLICY=/usr/sbin/policy-rc.d
readonly STAMP=.venv/.installed

has_library() {
    { ldconfig -p 2>/dev/null || /sbin/ldconfig -p; } | grep -q "$1"
}

# Debian packages that are missing, one a line.
missing_packages() {
    if [[ ! -x .venv/bin/python ]] && ! "$PYTHON" -c "import ensurepip, venv" 2>/dev/null; then
        echo python3-venv
    fi
    if [[ -z ${JALUR_AMQP_URL:-}${JALUR_RABBITMQ_SERVER:-} && ! -x /usr/lib/rabbitmq/bin/rabbitmq-server ]] && ! command -v rabbitmq-server >/dev/null; then
        echo rabbitmq-server
    fi
    if [[ -z ${JALUR_MONGO_URL:-} ]]; then
        has_library libcurl.so.4 || echo libcurl4
        has_library libssl.so.3 || echo libssl3
    fi
}

# Debian packages of which a test looks for a command: the pages in a real browser, the alerts in Prometheus' own words.
packages_for_tests() {
    command -v chromium >/dev/null || echo chromium
    command -v promtool >/dev/null || echo prometheus
}

# Debian starts the servers it installs, at once and at every boot; here each run has its own.
keep_servers_off() {
    trap restore_policy EXIT
    if [[ -e $POLICY ]]; then
        mv "$POLICY" "$POLICY.before-jalur"
    fi
    cat >"$POLICY" <<POLICY
#!/bin/sh
case "\$1" in rabbitmq-server|epmd*|prometheus*) exit 101 ;; esac
[ ! -x $POLICY.before-jalur ] || exec $POLICY.before-jalur "\$@"
POLICY
    chmod 755 "$POLICY"
}

restore_policy() {
    rm -f "$POLICY"
    if [[ -e $POLICY.before-jalur ]]; then
        mv "$POLICY.before-jalur" "$POLICY"
    fi
}

keep_servers_off_at_boot() {
    if [[ -d /run/systemd/system ]]; then
        systemctl disable "$@"
    else
        update-rc.d "${1%.service}" disable
    fi >/dev/null 2>&1 || true
}

install_packages() {
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        echo "Missing: $*" >&2
        echo "Install them (Debian, as root: apt-get install $*), then run this again." >&2
        exit 1
    fi
    echo "Installing $* with apt ..."
    local apt=(apt-get -qq -o DPkg::Lock::Timeout=120)
    export DEBIAN_FRONTEND=noninteractive
    "${apt[@]}" update || echo "apt-get update had problems; trying with what it knows." >&2
    keep_servers_off
    "${apt[@]}" install -y --no-install-recommends "$@" >/dev/null
    if [[ " $* " == *" rabbitmq-server "* ]]; then
        keep_servers_off_at_boot rabbitmq-server.service epmd.socket epmd.service
    fi
    if [[ " $* " == *" prometheus "* ]]; then
        keep_servers_off_at_boot prometheus.service
    fi
}

# What the installed packages depend on.
wanted() {
    "$PYTHON" -c "import sys; print(sys.version)"
    cat requirements.lock pyproject.toml
    pwd
}

install_python_packages() {
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        "$PYTHON" -m venv --clear .venv
    fi
    echo "Installing the Python packages of requirements.lock into .venv ..."
    local pip=(.venv/bin/python -m pip --disable-pip-version-check install --no-input --quiet)
    "${pip[@]}" --require-hashes -r requirements.lock
    # without a build environment of its own, which would be fetched; setuptools has come with the others
    "${pip[@]}" --no-deps --no-build-isolation --no-index --editable .
}

if [[ ${1:-} == bench ]]; then
    hash=$(sha256sum "$STAMP" requirements.bench.lock)
    if [[ ! -f $STAMP.bench || $(<"$STAMP.bench") != "$hash" ]]; then
        echo "Installing the Python packages of requirements.bench.lock into .venv ..."
        .venv/bin/python -m pip --disable-pip-version-check install --no-input --quiet --require-hashes -r requirements.bench.lock
        echo "$hash" >"$STAMP.bench"
    fi
    exit
fi
if [[ ${1:-} == test ]]; then
    mapfile -t packages < <(packages_for_tests)
    if ((${#packages[@]})) && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        install_packages "${packages[@]}"
    fi
    exit
fi
if ! "$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'; then
    echo "Python 3.11, 3.12 or 3.13 is needed; PYTHON=... names another than $PYTHON." >&2
    exit 1
fi
mapfile -t packages < <(missing_packages)
if ((${#packages[@]})); then
    install_packages "${packages[@]}"
fi
hash=$(wanted | sha256sum)
if [[ ! -f $STAMP || $(<"$STAMP") != "$hash" ]]; then
    install_python_packages
    echo "$hash" >"$STAMP"
fi
