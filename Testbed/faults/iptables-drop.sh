# shellcheck shell=bash
# On any node: INPUT drops all but SSH and what answers.
inject() {
    iptables-save -c >/var/lib/testbed/iptables
    iptables -I INPUT 1 -i lo -j ACCEPT
    iptables -I INPUT 2 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
    iptables -I INPUT 3 -p tcp --dport 22 -j ACCEPT
    iptables -P INPUT DROP
    iptables -I INPUT 4 -j DROP
}
lift() { iptables-restore -c </var/lib/testbed/iptables; }
