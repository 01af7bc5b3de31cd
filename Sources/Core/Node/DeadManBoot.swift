/// The unit that fires an armed dead-man at the node's next boot, for effects that outlive a reboot.
///
/// It runs once the local file systems are there and before what reads what it puts back: the firewall, the network, sshd.
/// A mistake in fstab ends a boot in emergency mode before that, so the unit belongs to emergency mode too, and goes on
/// with the boot from there.
enum DeadManBoot {
    /// Shell functions for arming: `install_boot` leaves the unit enabled and durable, or refuses with the reason.
    static let installing = """
        install_boot() {
          if ! systemd; then say refused boot no systemd answers on this node, so nothing would revert after a reboot; exit 0; fi
          for p in "$R" "$UNITS"; do
            case $(stat -f -c %T "$p" 2>/dev/null) in
              tmpfs|ramfs|'') say refused boot "$p" does not outlive a reboot, so nothing would revert after it; exit 0 ;;
            esac
          done
          enable_boot "$UNIT-deadman-boot.service" || { unarm; say refused boot the unit in "$UNITS" cannot be written; exit 0; }
        }
        enable_boot() {
          boot_unit | put "$UNITS/$1" && chmod 644 "$UNITS/$1" || return
          for p in sysinit emergency; do
            mkdir -p "$UNITS/$p.target.wants" && ln -sf "../$1" "$UNITS/$p.target.wants/$1" && sync "$UNITS/$p.target.wants" || return
          done
          sync "$UNITS"
        } 2>/dev/null
        boot_unit() {
          printf '%s\\n' '[Unit]' "Description=Belay: $RUN is not confirmed, revert what can cut the path to this node" \\
            DefaultDependencies=no "ConditionPathExists=$R/deadman.sh" "RequiresMountsFor=$R" After=local-fs.target \\
            'Wants=network-pre.target' 'Conflicts=shutdown.target' \\
            'Before=sysinit.target network-pre.target shutdown.target nftables.service netfilter-persistent.service' \\
            'Before=iptables.service ip6tables.service ufw.service firewalld.service systemd-networkd.service' \\
            'Before=networking.service NetworkManager.service ssh.service sshd.service ssh.socket sshd.socket' \\
            '[Service]' Type=oneshot "ExecStart=/bin/sh $R/deadman.sh boot"
        }
        """

    // Undo may restart the service that reads a file. While a boot is under way that service waits for us, so nobody may
    // wait for it: for undo commands, systemctl asks and does not wait.
    static let entering = """
        if [ "$mode" = boot ]; then
          real=$(command -v systemctl)
          mkdir -p "$R/boot" && printf '#!/bin/sh\\nexec %s --no-block "$@"\\n' "$real" >"$R/boot/systemctl" && chmod 700 "$R/boot/systemctl"
          PATH=$R/boot:$PATH
        fi
        """

    // Units, drop-ins and fstab were read before they were put back.
    static let reading = """
        [ "$mode" != boot ] || timeout 60 "$real" daemon-reload
        """

    static let leaving = """
        if [ "$mode" = boot ] && [ "$("$real" is-active emergency.target)" != inactive ]; then "$real" --no-block default; fi
        """
}
