# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On the control plane: the role binding of the Deployment controller is gone; a new Deployment gets no pods.
binding=system:controller:deployment-controller
name=controller-manager-rbac
inject() {
    kubectl delete --ignore-not-found clusterrolebinding "$binding"
    kubectl apply -f - <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: $name, namespace: playbook, labels: {testbed-fault: $name}}
spec:
  replicas: 1
  selector: {matchLabels: {app: $name}}
  template:
    metadata: {labels: {app: $name}}
    spec:
      containers:
      - {name: main, image: "10.77.0.1:5000/web:1", command: [/bin/busybox, sleep, "100000"]}
YAML
}
lift() {
    wait_for 120 kubectl get --raw /readyz >/dev/null
    kubectl -n playbook delete --ignore-not-found --wait "deployment/$name"
    kubectl get clusterrolebinding "$binding" >/dev/null 2>&1 || kubectl create clusterrolebinding "$binding" \
        --clusterrole="$binding" --serviceaccount=kube-system:deployment-controller
    # As the API server makes it, which it also looks after by these.
    kubectl label --overwrite clusterrolebinding "$binding" kubernetes.io/bootstrapping=rbac-defaults
    kubectl annotate --overwrite clusterrolebinding "$binding" rbac.authorization.kubernetes.io/autoupdate=true
}
