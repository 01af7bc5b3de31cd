"""`./bench ssh`: measures Belay's SSH client against the C floor and the peers, and writes results/ssh.json and its plot.

ssh.py PROGRAMS PYTHON OUTPUT [--quick]
"""

import argparse
import os
import shutil
import subprocess
import tempfile

import servers
from clients import Clients
from common import debian, describe, finish, interleave, output_of, paired, say, summarise

FULL = {
    "rounds": 7, "peer_rounds": 3, "hosts": 1000, "in_flight": 50, "openssh_hosts": 200, "commands": 3000,
    "openssh_commands": 200, "output_bytes": 100_000_000, "slow_hosts": 5000, "slow_delay_ms": 200,
    "known_hosts": 5000, "command_peer_rounds": 1,
}
QUICK = FULL | {
    "rounds": 1, "peer_rounds": 1, "hosts": 100, "openssh_hosts": 20, "commands": 200, "openssh_commands": 20,
    "output_bytes": 10_000_000, "slow_hosts": 200, "slow_delay_ms": 50,
}


def pinned(core, realtime=False):
    """One core alone; with real-time priority too, what else runs on the machine does not get in between.

    Not for OpenSSH: its dozens of processes would starve the kernel's own threads, and then wait for them.
    """
    return (["chrt", "--rr", "1"] if realtime else []) + ["taskset", "-c", str(core)]


def per_second(count, unit):
    def derive(raw):
        return {unit: count / raw["seconds"], "cpu_ms_each": raw["cpu_seconds"] / count * 1000}
    return derive


def megabytes(raw):
    return {"mb_per_second": raw["bytes"] / 1e6 / raw["seconds"], "cpu_ms_per_mb": raw["cpu_seconds"] * 1e9 / raw["bytes"]}


def sessions(count):
    def derive(raw):
        return {
            "seconds": raw["seconds"], "cpu_ms_each": raw["cpu_seconds"] / count * 1000,
            "kb_per_session": (raw["held_kb"] - raw["base_kb"]) / count,
            "peak_kb_per_session": (raw["peak_kb"] - raw["base_kb"]) / count,
        }
    return derive


def lookups(clients, settings, folder):
    """A host looked up among so many hashed ones; libssh2's own way of it is the peer."""
    lines, times = settings["known_hosts"], 100
    file = servers.hashed_hosts(folder, lines)
    say(f"a host among {lines} hashed ones")
    results = interleave(settings["rounds"], {
        "belay": lambda: clients.belay_lookups(file, times), "libssh2": lambda: clients.libssh2_lookups(file, times // 10)})
    table = {name: [{**raw, "times": times if name == "belay" else times // 10} for raw in raws] for name, raws in results.items()}
    return {"known_hosts": summarise(table, lambda raw: {"ms_a_host": raw["seconds"] / raw["times"] * 1000})}


def without_sshd(clients, settings, server, folder):
    program, core = server
    hosts, flight, commands = settings["hosts"], settings["in_flight"], settings["commands"]
    size, slow = settings["output_bytes"], settings["slow_hosts"]
    three = {"belay": clients.belay, "floor": clients.floor, "floor_plain": clients.floor_plain}
    two = {"belay": clients.belay, "floor": clients.floor}

    def measure(runs, *words):
        return interleave(settings["rounds"], {name: (lambda run=run: run(port, *words)) for name, run in runs.items()})

    measures = {}
    with servers.fork_free(program, core, folder) as port:
        say(f"{hosts} logins and `true`, no sshd in the way")
        measures["hosts"] = summarise(measure(three, "hosts", hosts, flight, "true"), per_second(hosts, "hosts_per_second"))
        say(f"{commands} commands on one session")
        measures["commands"] = summarise(measure(three, "commands", commands, "true"), per_second(commands, "commands_per_second"))
        say(f"{size} bytes of output")
        measures["output"] = summarise(measure(two, "commands", 1, f"output {size}"), megabytes)
    with servers.fork_free(program, core, folder, settings["slow_delay_ms"]) as port:
        say(f"{slow} hosts at once on a slow server")
        measures["slow"] = summarise(measure(two, "hold", slow, "true"), sessions(slow))
    return measures


def one_core_each(clients, settings, core, folder):
    """sshd confined to one core: what a login costs sshd then decides, whoever the client is. Told, not judged."""
    hosts, flight = settings["openssh_hosts"], settings["in_flight"]
    with servers.openssh(core, folder) as port:
        say(f"{hosts} logins and `true` on OpenSSH, which has one core")
        results = interleave(settings["peer_rounds"], {
            "belay": lambda: clients.belay(port, "hosts", hosts, flight, "true"),
            "floor": lambda: clients.floor(port, "hosts", hosts, flight, "true"),
            "floor_plain": lambda: clients.floor_plain(port, "hosts", hosts, flight, "true"),
            "parallel-ssh": lambda: clients.parallel_ssh(port, "hosts", hosts, flight, "true")})
    return {"openssh_one_core": summarise(results, per_second(hosts, "hosts_per_second"))}


def with_openssh(clients, settings, folder):
    """Both ends on all cores: a node has cores of its own, and sshd on one of two would be what is measured."""
    hosts, flight, commands = settings["openssh_hosts"], settings["in_flight"], settings["openssh_commands"]
    size = settings["output_bytes"]
    # Lines as long as a log's: peers read lines.
    output = f"yes {'x' * 79} | head -c {size}"
    rounds = settings["rounds"], settings["peer_rounds"]

    def native(*words, shell=None):
        command = words[-1] if shell is None else shell
        return {
            "belay": lambda: clients.belay(port, *words),
            "floor": lambda: clients.floor(port, *words),
            "floor_plain": lambda: clients.floor_plain(port, *words),
            "parallel-ssh": lambda: clients.parallel_ssh(port, words[0], words[1], flight, command),
        }

    measures = {}
    with servers.openssh([], folder) as port:
        say(f"{hosts} logins and `true` on OpenSSH")
        peers = {
            name: (lambda run=run: run(hosts, flight))
            for name, run in [
                ("pssh", clients.pssh), ("clush", clients.clush), ("pdsh", clients.pdsh),
                ("pyinfra", clients.pyinfra), ("ansible-core", clients.ansible)]
        }
        results = interleave(rounds[0], native("hosts", hosts, flight, "true"), settings["command_peer_rounds"], peers)
        measures["openssh_hosts"] = summarise(results, per_second(hosts, "hosts_per_second"))
        clients.open_master()
        say(f"{commands} commands on one session on OpenSSH")
        results = interleave(
            rounds[1], native("commands", commands, "true") | {"ControlMaster": lambda: clients.control_master(commands, "true")})
        measures["openssh_commands"] = summarise(results, per_second(commands, "commands_per_second"))
        say(f"{size} bytes of output on OpenSSH")
        results = interleave(
            rounds[1], native("commands", 1, output) | {"ControlMaster": lambda: clients.control_master(1, output)})
        measures["openssh_output"] = summarise(results, megabytes)
        clients.close_master()
    return measures


def ratios(measures):
    def against(measure, field, theirs):
        return paired(measures, measure, field, "belay", theirs)

    return {
        "hosts_vs_floor": against("hosts", "hosts_per_second", "floor"),
        "hosts_vs_parallel_ssh": against("openssh_hosts", "hosts_per_second", "parallel-ssh"),
        "hosts_vs_floor_openssh": against("openssh_hosts", "hosts_per_second", "floor"),
        "hosts_vs_parallel_ssh_one_core": against("openssh_one_core", "hosts_per_second", "parallel-ssh"),
        "cpu_vs_floor": against("hosts", "cpu_ms_each", "floor"),
        "kb_per_session": measures["slow"]["belay"]["kb_per_session"]["median"],
        "kb_per_session_vs_floor": against("slow", "kb_per_session", "floor"),
        "commands_vs_floor": against("commands", "commands_per_second", "floor"),
        # Against an exec that feeds no script and so takes a round trip less.
        "hosts_vs_plain_exec": against("hosts", "hosts_per_second", "floor_plain"),
        "cpu_vs_plain_exec": against("hosts", "cpu_ms_each", "floor_plain"),
        "commands_vs_plain_exec": against("commands", "commands_per_second", "floor_plain"),
        "output_vs_floor": against("output", "mb_per_second", "floor"),
        "slow_seconds_vs_floor": against("slow", "seconds", "floor"),
        "slow_cpu_vs_floor": against("slow", "cpu_ms_each", "floor"),
        "known_hosts_ms_a_host": measures["known_hosts"]["belay"]["ms_a_host"]["median"],
        "known_hosts_vs_libssh2": against("known_hosts", "ms_a_host", "libssh2"),
    }


# What must hold (docs/performance.md).
LIMITS = {
    "hosts_vs_floor": (">=", 0.9), "hosts_vs_parallel_ssh": (">=", 1.25), "cpu_vs_floor": ("<=", 1.5),
    "kb_per_session": ("<=", 100), "kb_per_session_vs_floor": ("<=", 1.3), "commands_vs_floor": (">=", 0.8),
    "known_hosts_ms_a_host": ("<=", 1),
}


def versions(python):
    libraries = "import importlib.metadata as m; print('\\n'.join(m.version(n) for n in ('parallel-ssh', 'pyinfra', 'ansible-core')))"
    parallel_ssh, pyinfra, ansible = output_of(python, "-c", libraries).split()
    return {
        "libssh2": debian("libssh2-1"), "libssh": debian("libssh-4"), "openssh": debian("openssh-server"),
        "openssl": debian("libssl3"), "swift": output_of("swift", "--version").split("\n")[0], "parallel-ssh": parallel_ssh,
        "pssh": debian("pssh"), "clush": debian("clustershell"), "pdsh": debian("pdsh"), "pyinfra": pyinfra,
        "ansible-core": ansible,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("python")
    parser.add_argument("output")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    settings = QUICK if options.quick else FULL
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("bench: needs two cores, one for the server and one for the client")
    realtime = subprocess.run(["chrt", "--rr", "1", "true"], check=False).returncode == 0
    result = describe(versions(options.python), settings | {"real_time_priority": realtime, "quick": options.quick})
    folder = tempfile.mkdtemp(prefix="belay-bench-")
    try:
        servers.make_keys(folder)
        server = f"{options.programs}/fork-free-sshd", pinned(cores[0], realtime)
        clients = Clients(options.programs, options.python, pinned(cores[1], realtime), folder)
        measures = lookups(clients, settings, folder)
        measures |= without_sshd(clients, settings, server, folder)
        clients = Clients(options.programs, options.python, pinned(cores[1]), folder)
        measures |= one_core_each(clients, settings, pinned(cores[0]), folder)
        measures |= with_openssh(Clients(options.programs, options.python, [], folder), settings, folder)
    finally:
        shutil.rmtree(folder)
    result["ratios"] = ratios(measures)
    result["measures"] = measures
    finish("ssh", result, LIMITS, options.output, not options.quick)


main()
