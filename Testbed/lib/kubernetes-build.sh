# shellcheck shell=bash
# The programs of `up --api` and `up --kubernetes`, made once into the cache: etcd out of Debian's packages; Kubernetes built
# from Debian's source package `kubernetes`. Debian ships kubectl too, but with the library that `replace_reflect2` is about.

# Named by what this machine's apt offers and by this recipe.
kubernetes_path() {
    echo "$CACHE/kubernetes/$({
        echo "$NODE_SUITE $(offered_version kubernetes-client) $(offered_version etcd-server)"
        cat "$TESTBED_DIR/lib/kubernetes-build.sh" "$TESTBED_DIR"/crictl/*.go
    } | sha256sum | cut -c1-16)"
}

# apt takes most of a second for an answer, and names in the cache need it often: `up` asks once, for its helpers too.
offered_version() { # offered_version PACKAGE
    local known="OFFERED_${1//-/_}"
    if [[ -n "${!known:-}" ]]; then echo "${!known}"; return; fi
    apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: //p'
}

remember_offers() {
    local package
    for package in kubernetes-client etcd-server; do
        export "OFFERED_${package//-/_}=$(offered_version "$package")"
    done
}

# "1.20.5+really1.20.2-1.1+deb12u1" is 1.20.2.
kubernetes_version() { offered_version kubernetes-client | sed 's/.*really//; s/-.*//'; }
etcd_version() { offered_version etcd-server | sed 's/-.*//'; }

# The result is laid out as roots: `api` is a layer of the disk of the node that `--api` gives its API, `node` one of each
# node of `--kubernetes`, and `images` holds what the images of the control plane and of kube-proxy have of their own.
build_kubernetes() {
    local work="$1/work"
    umask 022
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/download" "$work/go/src/k8s.io"
    download_kubernetes "$work"
    local package
    for package in "$work"/download/*.deb; do dpkg-deb -x "$package" "$work/packages"; done
    mkdir -p "$1/programs" "$1/api/usr/bin" "$1/node/usr/bin"
    cp "$work"/packages/usr/bin/{etcd,etcdctl} "$1/programs/"
    dpkg-source --no-check -x "$work"/download/*.dsc "$work/go/src/k8s.io/kubernetes"
    replace_reflect2 "$work"
    generate_openapi "$work"
    cp -r "$TESTBED_DIR/crictl" "$work/go/src/k8s.io/kubernetes/cmd/crictl"
    build_programs "$work" "$1/programs"
    lay_out "$1"
    "$1/api/usr/bin/kube-apiserver" --version
    "$1/api/usr/bin/kubectl" version --client
    "$1/node/usr/bin/kubelet" --version
    rm -rf "$work" "$1/programs"
}

lay_out() { # lay_out FOLDER
    local program
    ln -t "$1/api/usr/bin" "$1"/programs/{etcd,kube-apiserver,kubectl}
    ln -t "$1/node/usr/bin" "$1"/programs/{kubelet,kubeadm,kubectl,crictl}
    for program in etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy; do
        mkdir -p "$1/images/$program/usr/local/bin"
        ln -t "$1/images/$program/usr/local/bin" "$1/programs/$program"
    done
    ln -t "$1/images/etcd/usr/local/bin" "$1/programs/etcdctl"
}

# With lists and sources of its own, so that the machine's apt stays as it is. apt checks what it downloads against the
# archive's signed index.
download_kubernetes() {
    local work="$1" apt kind
    for kind in deb deb-src; do
        echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $NODE_MIRROR $NODE_SUITE main"
    done >"$work/sources.list"
    apt=(apt-get -q -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
    (
        cd "$work/download" || exit 1
        "${apt[@]}" update
        "${apt[@]}" download etcd-server etcd-client golang-github-modern-go-reflect2-dev
        "${apt[@]}" source --download-only kubernetes
    )
}

# Debian's Go, without modules, for a static program; the compiler leaves the machine to others.
run_go() { # run_go WORK COMMAND…
    local work="$1"
    shift
    (
        cd "$work/go/src/k8s.io/kubernetes" || exit 1
        # gengo finds the standard library by GOROOT.
        exec env -i PATH="/usr/lib/go/bin:$work:/usr/bin:/bin" HOME="$work" GOROOT="$(/usr/lib/go/bin/go env GOROOT)" \
            GOPATH="$work/go" GOCACHE="$work/go-cache" GO111MODULE=off CGO_ENABLED=0 GOFLAGS='-p=2 -trimpath' \
            nice -n 19 "$@"
    )
}

# The sources hold reflect2 1.0.1, which calls into Go's runtime with the arguments of Go before 1.18: the API server
# crashed before its first answer. Debian packages the version that knows both.
replace_reflect2() {
    local vendored="$1/go/src/k8s.io/kubernetes/vendor/github.com/modern-go/reflect2"
    rm -r "$vendored"
    cp -r "$1/packages/usr/share/gocode/src/github.com/modern-go/reflect2" "$vendored"
}

# The one generated file that the source package lacks. The list of broken API rules that comes with it must be the one
# that the sources hold, which tells that it was made from the right types.
generate_openapi() {
    local work="$1" source="$1/go/src/k8s.io/kubernetes" packages
    packages="$(cd "$source" && grep -rl --include='*.go' '^// +k8s:openapi-gen=' pkg cmd staging/src/k8s.io |
        xargs dirname | LC_ALL=C sort -u | grep -vE 'code-generator|sample-apiserver' |
        sed 's,^staging/src/,vendor/,; s,^,k8s.io/kubernetes/,' | paste -sd,)"
    run_go "$work" go build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
    run_go "$work" openapi-gen --logtostderr -i "$packages" -p k8s.io/kubernetes/pkg/generated/openapi \
        -O zz_generated.openapi -h hack/boilerplate/boilerplate.generatego.txt -r "$work/violations"
    diff "$work/violations" "$source/api/api-rules/violation_exceptions.list"
}

# `providerless` leaves the clouds' libraries out, which nothing in a testbed calls.
build_programs() { # build_programs WORK FOLDER
    local version major minor package flags="-s -w"
    version="$(kubernetes_version)"
    IFS=. read -r major minor _ <<<"$version"
    # The programs' own version, and the one that the server tells its clients.
    for package in k8s.io/kubernetes/vendor/k8s.io/{component-base,client-go/pkg}/version; do
        flags+=" -X $package.gitVersion=v$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
    done
    run_go "$1" go build -tags providerless -ldflags "$flags" -o "$2/" ./cmd/kube-{apiserver,controller-manager,scheduler,proxy} \
        ./cmd/{kubelet,kubeadm,kubectl,crictl}
}
