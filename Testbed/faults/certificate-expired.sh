# shellcheck shell=bash
# On the control plane: the API server's certificate is two days old and was good for one.
inject() {
    local pki=/etc/kubernetes/pki day
    keep "$pki/apiserver.crt"
    openssl x509 -in "$pki/apiserver.crt" -noout -ext subjectAltName | sed -n 's/IP Address/IP/g; s/^ *\(DNS\|IP\)/subjectAltName=\1/p' |
        tr -d ' ' >/var/lib/testbed/names
    day="$(date -u -d '2 days ago' +%Y%m%d%H%M%SZ)"
    openssl req -new -key "$pki/apiserver.key" -subj /CN=kube-apiserver -out /var/lib/testbed/request
    mkdir -p /var/lib/testbed/ca && : >/var/lib/testbed/ca/index && echo 01 >/var/lib/testbed/ca/serial
    openssl ca -batch -notext -in /var/lib/testbed/request -out "$pki/apiserver.crt" -startdate "$day" \
        -enddate "$(date -u -d '1 day ago' +%Y%m%d%H%M%SZ)" -cert "$pki/ca.crt" -keyfile "$pki/ca.key" -config <(
        cat <<TEXT
[ca]
default_ca=here
[here]
new_certs_dir=/var/lib/testbed/ca
database=/var/lib/testbed/ca/index
serial=/var/lib/testbed/ca/serial
default_md=sha256
policy=any
x509_extensions=server
[any]
commonName=supplied
[server]
extendedKeyUsage=serverAuth
$(cat /var/lib/testbed/names)
TEXT
    )
    restart_static kube-apiserver
}
lift() {
    put_back /etc/kubernetes/pki/apiserver.crt
    restart_static kube-apiserver
}
