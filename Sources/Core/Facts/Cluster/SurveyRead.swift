/// A read-only question to the Kubernetes API, answered in the lines of a Go template (``SurveyRows``).
///
/// What is asked are raw requests, each of which kubectl tries once and needs no discovery for: kubectl 1.20 makes some forty
/// requests before a `get` of two kinds, and takes seconds over them. The lists go through `kubectl annotate --local`, which
/// asks nobody and prints each object by the template: five thousand pods that are well are a few bytes of answer.
struct SurveyRead: Sendable, Hashable {
    /// The paths of lists, in order. The first one that fails ends the question.
    var paths: [String]
    /// Seconds that each may take.
    var seconds = Self.shortSeconds
    /// A short request finds out first whether anybody answers.
    var asksFirst = false
    /// What is printed of each object; all of the answer when empty. `@SINCE@` becomes the time ``minutes`` ago there.
    var template = ""
    var minutes = 0
    /// The last lines come first.
    var isReversed = false
    /// An awk program over the lines.
    var filter = "1"
    /// What is asked about the lines that are left.
    var more = More.nothing

    /// Further questions, which depend on the answer.
    enum More: String, Sendable {
        case nothing = ""
        /// The last lines of containers that end again and again, in lines `log NAMESPACE POD CONTAINER BASE64`: of the one that
        /// has just ended, else of the one before.
        case logs
        /// How many pods have the labels of services, in lines `matching NAMESPACE NAME COUNT`.
        case matching
    }

    /// An API that needs longer to say whether it is there does not answer, for our purposes.
    static let shortSeconds = 3
    static let longSeconds = 8
    private static let first = "/api/v1/nodes?limit=1"

    func command(kubeconfig: String) -> Command {
        let values = [
            kubeconfig, asksFirst ? Self.first : "", String(seconds), String(minutes), isReversed ? "r" : "", filter,
            more.rawValue, template,
        ]
        return .shell(Self.script, values + paths, accepts: [0, 1])
    }

    // As KubectlRead does, it ends with status 1 and what kubectl said as the last line. Descriptor 3 leads to what comes next
    // in a pipe, 5 to what went wrong, 6 to the lines. Names go into paths only when they are of the letters of names.
    private static let script: StaticString = """
        kubeconfig=$1 first=$2 seconds=$3 minutes=$4 order=$5 filter=$6 more=$7 template=$8
        shift 8
        case $template in *@SINCE@*)
          since=$(date -u -d "@$(($(date +%s) - 60 * minutes))" +%Y-%m-%dT%H:%M:%SZ)
          template="${template%%@SINCE@*}$since${template#*@SINCE@}" ;;
        esac
        run() {
          late=$1; shift
          said=$(timeout -k 1 "$@" 2>&1 >&3 3>&- 5>&- 6>&-) && return
          case $? in 124 | 137) said=$late ;; esac
          [ -n "$said" ] || said='kubectl failed and said nothing'
          printf '%s\\n' "$said" | tail -n 1 | sed 's/^error: error executing template ".*": template:/the template:/' >&5
          return 1
        }
        raw() {
          run "Unable to connect to the server: no answer in $1 s" "$(($1 + 1))" \\
            kubectl --kubeconfig "$kubeconfig" --request-timeout="$1s" --cache-dir=/dev/null get --raw "$2"
        }
        list() {
          [ -z "$first" ] || raw 3 "$first" 3>/dev/null || return
          for path; do raw "$seconds" "$path" || return; done
        }
        show() {
          if [ -z "$1" ]; then cat >&3; return; fi
          run 'kubectl took too long over the answer' 14 kubectl annotate --local -f - belay=read -o go-template="$1"
        }
        sorted() { if [ -n "$order" ]; then sort -r; else cat; fi; }
        chosen() { awk "$filter" >&6 || echo 'awk failed' >&5; }
        rows=$({
          said=$({ list "$@" 3>&1 >&- | show "$template" 3>&1 >&- | sorted | chosen; } 5>&1 | head -n 1)
          [ -z "$said" ] || { printf '\\n%s\\n' "$said"; exit 1; }
        } 6>&1) || { printf '%s\\n' "$rows" | tail -n 1; exit 1; }
        printf '%s\\n' "$rows"
        logs() {
          text=$(raw 2 "/api/v1/namespaces/$1/pods/$2/log?container=$3&previous=$4&tailLines=8&limitBytes=1500" \\
            3>&1 5>/dev/null | base64 | tr -d '\\n')
          [ -z "$text" ] || printf 'log %s %s %s %s\\n' "$1" "$2" "$3" "$text"
        }
        matching() {
          labels=$(printf %s "$3" | sed 's/=/%3D/g; s/,/%2C/g; s,/,%2F,g')
          many=$({ raw 2 "/api/v1/namespaces/$1/pods?labelSelector=$labels" 3>&1 >&- || printf 'no answer'; } \\
            5>/dev/null | show '{{if eq .kind "Pod"}}x{{end}}' 3>&1 5>/dev/null) || return
          printf 'matching %s %s %s\\n' "$1" "$2" "${#many}"
        }
        case $more in
        logs)
          printf '%s\\n' "$rows" | awk '
            /^pod / { pod = $2 " " $3; owner = $6 == "\\"\\"" ? pod : $2 " " $6; next }
            /^(init|container) / && $3 == 0 && $4 > 0 && (pod " " $2) ~ /^"[a-z0-9-]+" "[a-z0-9.-]+" "[a-z0-9-]+"$/ {
              if (++seen[owner] > 2 || ++all > 6) next
              line = pod " " $2; gsub(/"/, "", line); print line, $6 == "terminated" ? "false" : "true"
            }' | { while read -r space pod name previous; do logs "$space" "$pod" "$name" "$previous" & done; wait; } ;;
        matching)
          printf '%s\\n' "$rows" | awk '
            /^service / && length($5) < 300 && ($2 " " $3 " " $5) ~ /^"[a-z0-9-]+" "[a-z0-9.-]+" "[A-Za-z0-9._\\/=,-]+"$/ && ++all <= 5 {
              line = $2 " " $3 " " $5; gsub(/"/, "", line); print line
            }' | { while read -r space name labels; do matching "$space" "$name" "$labels" & done; wait; } ;;
        esac
        """
}
