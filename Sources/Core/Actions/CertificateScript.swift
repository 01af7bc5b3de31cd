/// The fixed shell text that reads, archives, renews and restores the certificates that kubeadm made.
///
/// Of a private key only its public half is ever read out, and of that the digest: it tells one key from another, and is
/// no secret.
enum CertificateScript {
    /// Where kubeadm keeps them.
    static let folder = "/etc/kubernetes"

    /// Words behind the text: `look FOLDER FILE…`; `archive FOLDER ARCHIVE PLACE`; `renew FOLDER NAME FILE…`;
    /// `restore FOLDER ARCHIVE PLACE FILE…` with what `look` said of the files on standard input.
    static func command(_ words: [String], input: Payload? = nil) -> Command { .shell(text, words, input: input) }

    private static let text: StaticString = #"""
        verb=$1 folder=$2
        shift 2
        tab=$(printf '\t') newline='
        '
        fail() { printf '%s\n' "$1" >&2; exit 1; }

        inside() {
            sed -n "s/^ *client-$1-data: *\"\{0,1\}\([A-Za-z0-9+\/=]*\).*/\1/p" "$2" | head -n 1 | base64 -d
        }
        public() {
            case $1 in
                *.key) openssl pkey -in "$1" -passin pass: -pubout ;;
                *.conf) sed '/client-key-data:/d' "$1"; inside key "$1" | openssl pkey -passin pass: -pubout ;;
                *) cat -- "$1" ;;
            esac 2>/dev/null
        }
        mode() { stat -c '%a %u:%g' -- "$1"; }
        # A line for each file: its name, then what it is, how, whose, and the digest of what of it is public.
        list() {
            for file; do
                path=$folder/$file
                if [ -L "$path" ]; then said=symlink
                elif [ ! -e "$path" ]; then said=absent
                elif [ ! -f "$path" ]; then said=special
                elif public "$path" >/dev/null; then
                    said="regular $(mode "$path") $(public "$path" | sha256sum | cut -c 1-64)"
                else said=unreadable
                fi
                printf '%s\t%s\n' "$file" "$said"
            done
        }
        expiry() {
            case $1 in
                *.conf) inside certificate "$1" | openssl x509 -noout -enddate ;;
                *) openssl x509 -noout -enddate -in "$1" ;;
            esac 2>/dev/null | sed -n 's/^notAfter=//p'
        }
        authority() {
            if [ ! -f "$folder/pki/$1.crt" ]; then echo absent
            elif [ ! -f "$folder/pki/$1.key" ]; then echo 'without its key'
            elif ! openssl x509 -noout -checkend 0 -in "$folder/pki/$1.crt" >/dev/null 2>&1; then echo expired
            else echo here; fi
        }

        was_there() { case $newline$was in *"$newline$1${tab}regular "*) ;; *) return 1 ;; esac; }
        # All of it as archive $1 in folder $2, compared and on the disk before it has that name.
        keep() (
            umask 077
            mkdir -p -m 0700 -- "$2" || exit
            rm -f -- "$2"/.certs-??????????
            new=$(mktemp -- "$2/.certs-XXXXXXXXXX") || exit
            trap 'rm -f -- "$new"' EXIT
            trap 'exit 129' HUP INT TERM
            archive=$1 place=$2
            cd -- "$folder" || exit
            set -- pki
            for file in *.conf; do [ ! -f "$file" ] || set -- "$@" "$file"; done
            tar --numeric-owner -cpf "$new" -- "$@" || exit
            find "$@" -type f | while read -r file; do
                tar -xOf "$new" -- "$file" | cmp -s -- - "$file" || fail "$file is not in the archive as it is"
            done || exit
            sync -- "$new" && mv -fT -- "$new" "$archive" && sync -- "$place"
        )

        case $verb in
            look)
                command -v openssl >/dev/null 2>&1 || fail 'openssl is not installed'
                printf 'kubeadm\t%s\n' "$(command -v kubeadm)"
                for mark in /etc/rancher /var/lib/rancher /opt/rafay /var/lib/k0s /var/snap/microk8s /etc/eks \
                    /etc/kubernetes/azure.json; do
                    [ ! -e "$mark" ] || printf 'platform\t%s\n' "$mark"
                done
                for units in /etc/systemd/system /run/systemd/system /lib/systemd/system; do
                    [ ! -e "$units/salt-minion-rafay.service" ] || printf 'platform\t%s\n' salt-minion-rafay
                done
                for name in ca etcd/ca front-proxy-ca; do
                    printf 'authority\t%s\t%s\n' "$name" "$(authority "$name")"
                done
                list "$@" | sed "s/^/file$tab/"
                for file; do
                    case $file in *.key) continue ;; esac
                    if [ -f "$folder/$file" ]; then
                        end=$(expiry "$folder/$file")
                        printf 'expires\t%s\t%s\n' "$file" "$(date -u -d "$end" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || echo "$end")"
                    fi
                done
                ;;
            archive) keep "$1" "$2" ;;
            renew)
                name=$1
                shift
                kubeadm certs renew "$name" || exit
                # kubeadm does not wait for the disk.
                for file; do [ ! -f "$folder/$file" ] || sync -- "$folder/$file" || exit; done
                sync -- "$folder" "$folder/pki"
                ;;
            restore)
                archive=$1 place=$2 new=$folder/.belay-certs
                shift 2
                was=$(cat) now=$(list "$@")
                if [ "$now" != "$was" ]; then
                    [ -e "$archive" ] || fail "$archive is gone, and the certificates are not those that were there"
                    # What is replaced is kept under its own name, as this may be the rollback that is undone next.
                    keep "$place/certificates-$(printf %s "$now" | sha256sum | cut -c 1-16).tar" "$place" || exit
                    umask 077
                    rm -rf -- "$new" && mkdir -- "$new" || exit
                    trap 'rm -rf -- "$new"' EXIT
                    trap 'exit 129' HUP INT TERM
                    # Only what may have been renewed, so that what others did to the rest stays; all of it before any.
                    for file; do
                        if was_there "$file"; then tar -xpf "$archive" -C "$new" -- "$file" || exit; fi
                    done
                    for file; do
                        if ! was_there "$file"; then rm -f -- "$folder/$file" || exit; continue; fi
                        if cmp -s -- "$new/$file" "$folder/$file" && [ "$(mode "$new/$file")" = "$(mode "$folder/$file")" ]; then
                            continue
                        fi
                        sync -- "$new/$file" && mv -fT -- "$new/$file" "$folder/$file" || exit
                    done
                    sync -- "$folder" "$folder/pki" || exit
                    [ "$(list "$@")" = "$was" ] || fail 'the certificates could not be brought back as they were'
                fi
                rm -rf -- "$new" "$archive" "$place"/.certs-??????????
                [ ! -d "$place" ] || sync -- "$place"
                ;;
        esac
        """#
}
