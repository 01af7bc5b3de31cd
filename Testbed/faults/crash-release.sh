# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On the control plane: a Deployment was well in revision 1; revision 2 ends with 1 (CrashLoopBackOff, none is available).
image=10.77.0.1:5000/web:1
revision() { # revision NUMBER COMMAND
    kubectl apply -f - <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: crash-release, namespace: playbook, labels: {testbed-fault: crash-release}, annotations: {kubernetes.io/change-cause: "release $1"}}
spec:
  replicas: 1
  progressDeadlineSeconds: 30
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  selector: {matchLabels: {app: crash-release}}
  template:
    metadata: {labels: {app: crash-release}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: main, image: "$image", command: [/bin/busybox, sh, -c, "$2"]}
YAML
}
inject() {
    revision 1 'exec sleep 100000'
    kubectl -n playbook rollout status --timeout=60s deployment/crash-release
    revision 2 'echo cannot read /etc/ledger/schema: version 7 is unknown >&2; sleep 1; exit 1'
}
lift() {
    wait_for 120 kubectl get --raw /readyz >/dev/null
    kubectl -n playbook delete --ignore-not-found --wait deployment/crash-release
}
