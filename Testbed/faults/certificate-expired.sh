# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On the control plane: the API server's certificate is two days old and was good for one.
inject() {
    keep "$pki/apiserver.crt"
    local ca="$state/ca" names
    names="$(openssl x509 -in "$(kept "$pki/apiserver.crt")" -noout -ext subjectAltName | tail -n +2 | sed 's/IP Address/IP/g' | tr -d ' ')"
    rm -rf "$ca"
    mkdir -p "$ca"
    : >"$ca/index"
    echo 01 >"$ca/serial"
    cat >"$ca/config" <<TEXT
[ca]
default_ca=here
[here]
new_certs_dir=$ca
database=$ca/index
serial=$ca/serial
default_md=sha256
policy=any
x509_extensions=server
[any]
commonName=supplied
[server]
extendedKeyUsage=serverAuth
subjectAltName=$names
TEXT
    openssl req -new -key "$pki/apiserver.key" -subj /CN=kube-apiserver -out "$ca/request"
    openssl ca -batch -notext -in "$ca/request" -out "$ca/apiserver.crt" -cert "$pki/ca.crt" -keyfile "$pki/ca.key" \
        -startdate "$(date -u -d '2 days ago' +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d '1 day ago' +%Y%m%d%H%M%SZ)" \
        -config "$ca/config" 2>/dev/null
    cat "$ca/apiserver.crt" >"$pki/apiserver.crt"
    restart_static kube-apiserver
}
lift() {
    rm -rf "$state/ca"
    if openssl x509 -in "$pki/apiserver.crt" -noout -checkend 0 >/dev/null; then
        rm -f "$(kept "$pki/apiserver.crt")"
    else
        put_back "$pki/apiserver.crt"
    fi
    restart_static kube-apiserver
}
