#!/usr/bin/env bash
# Installs, upgrades, rolls back, drains and uninstalls the chart on a real API server with its controllers and its admission
# of restricted pods:
#
#   tests/helm/cluster.sh
#
# No part of tests/run: it needs Go, and the first time it compiles etcd and Kubernetes, for a quarter of an hour on two cores.
# There is no kubelet. tests/helm/nodes.py plays three nodes: it binds pods to them, says that they are ready, and lets them go.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/tools.sh

KUBERNETES=1.34.4
PROGRAMS="$TOOLS/cluster-$KUBERNETES"
WORK=$(mktemp -d "${TMPDIR:-/tmp}/quanyu-cluster.XXXXXX")
TOKEN=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
STARTED=()
WAIT_SECONDS_MAX=90
VALUES=tests/helm/values

end() {
    local pid
    for pid in "${STARTED[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$WORK"
}

start() {
    local name=$1
    shift
    "$@" >"$WORK/$name.log" 2>&1 &
    STARTED+=($!)
}

# Asks again and again, for so long at the most.
until_true() {
    local deadline=$((SECONDS + WAIT_SECONDS_MAX))
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || complain "not in time: $*" || return
        sleep 0.5
    done
}

# What must not succeed.
refused() {
    if "$@"; then complain "was not refused: $*"; fi
}

say() {
    printf '%4d s  %s\n' "$SECONDS" "$*"
}

# A module of its own whose tools are the programs. The parts of Kubernetes are modules too, of the same release.
build() {
    [ ! -x "$PROGRAMS/etcd" ] || return 0
    local module=$WORK/module part flags x=k8s.io/component-base/version
    mkdir -p "$module" "$PROGRAMS"
    (
        cd "$module"
        printf 'module cluster\ngo 1.24.0\n' >go.mod
        part=$(go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | python3 -c 'import json, sys; print(json.load(sys.stdin)["GoMod"])')
        grep -oE '^\s+k8s\.io/[a-z-]+ =>' "$part" | awk -v v="0${KUBERNETES#1}" \
            -v k="$KUBERNETES" 'BEGIN { print "require k8s.io/kubernetes v" k } { print "replace " $1 " => " $1 " v" v }' >>go.mod
        printf 'package cluster\nimport (\n_ "go.etcd.io/etcd/server/v3"\n_ "k8s.io/kubernetes/cmd/kube-apiserver"\n_ "k8s.io/kubernetes/cmd/kube-controller-manager"\n)\n' >programs.go
        go mod tidy
        # Without its version the API server says 0.0.0, and a chart that names the versions it runs on is refused.
        flags="-s -w -X $x.gitVersion=v$KUBERNETES -X $x.gitMajor=1 -X $x.gitMinor=$(cut -d. -f2 <<<"$KUBERNETES")"
        for part in k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager; do
            go build -trimpath -ldflags "$flags" -o "$PROGRAMS/" "$part"
        done
        go build -trimpath -ldflags "-s -w" -o "$PROGRAMS/etcd" go.etcd.io/etcd/server/v3
    ) >"$WORK/build.log" 2>&1 || { tail -20 "$WORK/build.log" >&2; return 1; }
}

# Three ports that nobody listens on, below those that the system gives to connections: they are taken a moment later.
three_ports() {
    python3 -c '
import random, socket
held = []
while len(held) < 3:
    probe = socket.socket()
    try:
        probe.bind(("127.0.0.1", random.randrange(20000, 32000)))
        held.append(probe)
    except OSError:
        probe.close()
print(*(probe.getsockname()[1] for probe in held))'
}

cluster() {
    local client peer api
    read -r client peer api < <(three_ports)
    client=http://127.0.0.1:$client peer=http://127.0.0.1:$peer
    openssl genrsa -out "$WORK/sa.key" 2048 2>/dev/null
    openssl rsa -in "$WORK/sa.key" -pubout -out "$WORK/sa.pub" 2>/dev/null
    echo "$TOKEN,admin,admin,system:masters" >"$WORK/tokens.csv"
    cat >"$WORK/kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: here, cluster: {server: "https://127.0.0.1:$api", insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: "$TOKEN"}}]
contexts: [{name: here, context: {cluster: here, user: admin, namespace: member}}]
current-context: here
YAML
    export KUBECONFIG="$WORK/kubeconfig"
    start etcd "$PROGRAMS/etcd" --name n1 --data-dir "$WORK/etcd" --listen-client-urls "$client" --advertise-client-urls "$client" \
        --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "n1=$peer"
    start api "$PROGRAMS/kube-apiserver" --etcd-servers="$client" --secure-port="$api" --bind-address=127.0.0.1 \
        --cert-dir="$WORK/certs" --service-account-key-file="$WORK/sa.pub" --service-account-signing-key-file="$WORK/sa.key" \
        --service-account-issuer=https://kubernetes.default.svc --token-auth-file="$WORK/tokens.csv" \
        --authorization-mode=RBAC --service-cluster-ip-range=10.96.0.0/16
    until_true kubectl get --raw /readyz || { tail -5 "$WORK/api.log"; return 1; }
    start controllers "$PROGRAMS/kube-controller-manager" --kubeconfig="$KUBECONFIG" \
        --service-account-private-key-file="$WORK/sa.key" --leader-elect=false --secure-port=0
    start nodes python3 tests/helm/nodes.py "https://127.0.0.1:$api" "$TOKEN"
    kubectl create namespace member >/dev/null
    kubectl label namespace member pod-security.kubernetes.io/enforce=restricted >/dev/null
}

release() {
    local verb=$1 values=$2
    shift 2
    helm "$verb" quanyu helm/quanyu -n member -f "$VALUES/$values.yaml" --wait --timeout "${WAIT_SECONDS_MAX}s" "$@" >"$WORK/helm.log" 2>&1
}

# The number of replicas that a Deployment asks for.
replicas() {
    kubectl get deployment "quanyu-$1" -o jsonpath='{.spec.replicas}'
}

evict() {
    kubectl create --raw "/api/v1/namespaces/member/pods/$1/eviction" -f - >/dev/null 2>&1 <<JSON
{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "$1", "namespace": "member"}}
JSON
}

drained() {
    local node
    for node in n1 n2 n3; do
        kubectl drain "$node" --ignore-daemonsets --delete-emptydir-data --timeout="${WAIT_SECONDS_MAX}s" >/dev/null 2>&1 || return
        kubectl uncordon "$node" >/dev/null
    done
}

# Nothing of a release is left, volumes included.
nothing_left() {
    [ -z "$(kubectl get all,networkpolicy,pdb,hpa,secret,pvc,ingress -l app.kubernetes.io/instance=quanyu -o name 2>/dev/null)" ]
}

walk() {
    local pods before
    release install default
    say "installed: $(kubectl get pods -o name | wc -l) pods, taken by the admission of restricted pods"

    before=$(kubectl get pods -o name | sort)
    release upgrade default --set settings.concurrencyMax=99
    [ -z "$(comm -12 <(echo "$before") <(kubectl get pods --field-selector=status.phase=Running -o name | sort))" ]
    say "upgraded with another setting: every pod is a new one"

    refused release upgrade default --set settings.concurrencyMax=none
    refused release upgrade default --set database.serverConnectionsMax=10
    [ "$(helm list -n member -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["revision"])')" = 2 ]
    say "upgrades with values that are none: refused, nothing changed"

    helm rollback quanyu 1 -n member --wait --timeout "${WAIT_SECONDS_MAX}s" >/dev/null
    grep -q 'concurrency_max = 1024' <(kubectl get configmap quanyu-points -o yaml)
    say "rolled back"

    mapfile -t pods < <(kubectl get pods -l app.kubernetes.io/component=points -o jsonpath='{range .items[*]}{.metadata.name}{"\n"}{end}')
    evict "${pods[0]}"
    refused evict "${pods[1]}"
    say "evictions of both replicas of points at once: the second one has to wait"
    drained
    say "all nodes drained, one after the other"
    release upgrade default --set defaults.replicas=1
    drained
    say "the same with one replica of each role: no budget holds it up"

    release upgrade default
    kubectl scale deployment quanyu-points --replicas=3 >/dev/null
    release upgrade default --set roles.points.autoscaling.enabled=true
    [ "$(replicas points)" = 3 ]
    say "autoscaling turned on after scaling by one: points keeps 3 replicas"

    helm uninstall quanyu -n member --wait >/dev/null
    until_true nothing_left
    say "uninstalled: nothing is left"

    release install trial
    before=$(kubectl get secret quanyu-trial -o jsonpath='{.data}')
    release upgrade trial --set settings.mergeUndoDays=3
    [ "$(kubectl get secret quanyu-trial -o jsonpath='{.data}')" = "$before" ]
    say "a trial: installed, upgraded, its Secrets kept"
    helm uninstall quanyu -n member --wait >/dev/null
    until_true nothing_left
    say "uninstalled: nothing is left, no volume either"
}

install_chart_tools
at_exit end
build
say "etcd and Kubernetes $KUBERNETES are there"
cluster
say "the API server answers"
# As a condition it would go on after a step that failed.
set +e
(set -e; walk)
status=$?
[ "$status" -eq 0 ] || tail -5 "$WORK/helm.log"
echo "$((status == 0)) passed, $((status != 0)) failed"
exit "$status"
