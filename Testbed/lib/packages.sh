# shellcheck shell=bash disable=SC2034 # the arrays are read by the files that source this one
# Every Debian package the testbed and the build need, in one place.

# On the machine that runs the testbed.
PACKAGES_TESTBED=(
    debootstrap systemd-container iproute2 iptables util-linux procps openssh-client
    busybox-static docker-registry dnsmasq-base skopeo strace acl attr perl openssl e2fsprogs
)

# For what `up --api` builds once: kube-apiserver out of a Debian source package.
PACKAGES_API=(golang-go dpkg-dev)

# For `swift build`: RE2, libssh2 and the OpenSSL that it and CChecksum link, and the SQLite that GRDB links.
PACKAGES_BUILD=(libre2-dev libssh2-1-dev libssl-dev libsqlite3-dev pkg-config)

# For the tests: an sshd of their own, the library of one that misbehaves, shells a root account may have, and the scripts'
# linter, and a validator of JSON schemas.
PACKAGES_TEST=(openssh-server libssh-dev tcsh fish shellcheck python3-jsonschema)

# For ./bench: the library of its own server, and what it compares with.
PACKAGES_BENCH=(libssh-dev openssh-server openssh-client pssh clustershell pdsh python3 python3-venv util-linux)

# For ./fuzz, which builds too.
PACKAGES_FUZZ=("${PACKAGES_BUILD[@]}" python3)

# In each node, on top of debootstrap's `minbase`.
PACKAGES_NODE=(
    systemd systemd-sysv dbus openssh-server iptables nftables iproute2 iputils-ping procps sudo curl
    kmod ca-certificates openssl containerd attr acl etcd-server etcd-client
)

NODE_SUITE=bookworm
# Where this machine's own apt gets that suite from. Only for builds: asking apt takes longer than most commands.
set_node_mirror() {
    # shellcheck disable=SC2016 # apt-get expands these itself
    NODE_MIRROR="${BELAY_TESTBED_MIRROR:-$(
        apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' 2>/dev/null |
            awk -v suite="$NODE_SUITE" '$2 == suite { print $1; exit }'
    )}"
}
