# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On the control plane: the role binding of the Deployment controller is gone; Deployments do not get pods any more.
binding=system:controller:deployment-controller
inject() { kubectl delete --ignore-not-found clusterrolebinding "$binding"; }
lift() {
    wait_for 120 kubectl get --raw /readyz >/dev/null
    kubectl get clusterrolebinding "$binding" >/dev/null 2>&1 || kubectl create clusterrolebinding "$binding" \
        --clusterrole="$binding" --serviceaccount=kube-system:deployment-controller
    # As the API server makes it, which it also looks after by these.
    kubectl label --overwrite clusterrolebinding "$binding" kubernetes.io/bootstrapping=rbac-defaults
    kubectl annotate --overwrite clusterrolebinding "$binding" rbac.authorization.kubernetes.io/autoupdate=true
}
