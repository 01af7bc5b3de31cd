import CEL

extension FactGroup {
    /// Certificates of Kubernetes on this node by path.
    static let certificates = FactGroup(
        "certificates", .map(.string, .message("Certificate")),
        "Certificates of Kubernetes on this node by path: the control plane's, etcd's, the kubelet's, and client certificates inside of kubeconfigs.",
        messages: [
            "Certificate": [
                FactField("notAfter", .timestamp, "end of its validity"),
                FactField("subject", .string, "whose it is"),
                FactField("remaining", .duration, "until then by the node's clock; negative when it has expired"),
            ]
        ],
        questions: [FactQuestion(certificatesScript, limit: 8 << 10)])

    private static let certificatesScript: StaticString = #"""
        root=$1
        if ! command -v openssl >/dev/null 2>&1; then printf '?certificates\topenssl is not installed\n'; exit; fi
        read_one() { openssl x509 -noout -enddate -subject -nameopt RFC2253 "$@" 2>/dev/null; }
        {
          for file in "$root"/etc/kubernetes/pki/*.crt "$root"/etc/kubernetes/pki/etcd/*.crt \
            "$root/var/lib/kubelet/pki/kubelet-client-current.pem" "$root/var/lib/kubelet/pki/kubelet-server-current.pem" \
            "$root/var/lib/kubelet/pki/kubelet.crt"; do
            if [ -r "$file" ]; then printf 'file=%s\n' "${file#"$root"}"; read_one -in "$file"; fi
          done
          for file in "$root"/etc/kubernetes/*.conf; do
            data=$(sed -n 's/^ *client-certificate-data: *"\{0,1\}\([A-Za-z0-9+\/=]*\).*/\1/p' "$file" 2>/dev/null | head -n 1)
            [ -n "$data" ] || continue
            printf 'file=%s\n' "${file#"$root"}"
            printf '%s\n' "$data" | base64 -d 2>/dev/null | read_one
          done
        } | awk -v now="$(date +%s)" '
          # "Nov 27 11:32:30 2027 GMT"; years are counted from March, so that the leap day ends one.
          function seconds(text, part, clock, month, year, day) {
            if (split(text, part, " ") != 5 || part[5] != "GMT" || split(part[3], clock, ":") != 3) return ""
            month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", part[1]) + 2) / 3
            if (month != int(month) || month < 1) return ""
            year = month > 2 ? part[4] : part[4] - 1
            day = int((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + part[2] - 1
            day += year * 365 + int(year / 4) - int(year / 100) + int(year / 400) - 719468
            return day * 86400 + clock[1] * 3600 + clock[2] * 60 + clock[3]
          }
          function flush() {
            if (file == "" || n++ >= 50) return
            if (end == "") printf "+certificates\t%s\t?it is no certificate\t\t?it is no certificate\n", file
            else printf "+certificates\t%s\t%.0f\t%s\t%.0f\n", file, end, substr(subject, 1, 150), end - now
            file = end = subject = ""
          }
          { equals = index($0, "="); value = substr($0, equals + 1) }
          /^file=/ { flush(); file = value }
          /^notAfter=/ { end = seconds(value) }
          /^subject=/ { sub(/^ */, "", value); subject = value }
          END { flush(); print "?certificates.subject\tit is no certificate"; print ".certificates" }'
        """#
}
