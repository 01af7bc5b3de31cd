"""`./bench ssh`: measures Belay's SSH client against the C floor and the peers, and writes results/ssh.json and its plot.

ssh.py PROGRAMS PYTHON OUTPUT [--quick]
"""

import argparse
import datetime
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

import report
import servers
from clients import Clients

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


def interleave(rounds, runs, peer_rounds=0, peers=None):
    """A/B/A/B: every round does each once, so that a machine that changes its pace changes it for all."""
    results = {name: [] for name in itertools.chain(runs, peers or {})}
    for number in range(rounds):
        work = runs | (peers or {} if number < peer_rounds else {})
        for name, run in work.items():
            results[name].append(run())
        print(f"  round {number + 1} of {rounds}", file=sys.stderr)
    return results


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


def summary(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "rounds": values}


def summarise(results, derive):
    table = {}
    for name, rounds in results.items():
        derived = [derive(raw) for raw in rounds]
        table[name] = {field: summary([each[field] for each in derived]) for field in derived[0]}
        table[name]["raw"] = rounds
    return table


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


def paired(measures, measure, field, ours, theirs):
    """The median of the ratios within each round."""
    pairs = zip(measures[measure][ours][field]["rounds"], measures[measure][theirs][field]["rounds"])
    return statistics.median(a / b for a, b in pairs)


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


def holds(name, value):
    sign, limit = LIMITS[name]
    return value >= limit if sign == ">=" else value <= limit


def output_of(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()


def debian(package):
    return output_of("dpkg-query", "-W", "-f", "${Version}", package)


def versions(python):
    libraries = "import importlib.metadata as m; print('\\n'.join(m.version(n) for n in ('parallel-ssh', 'pyinfra', 'ansible-core')))"
    parallel_ssh, pyinfra, ansible = output_of(python, "-c", libraries).split()
    return {
        "libssh2": debian("libssh2-1"), "libssh": debian("libssh-4"), "openssh": debian("openssh-server"),
        "openssl": debian("libssl3"), "swift": output_of("swift", "--version").split("\n")[0], "parallel-ssh": parallel_ssh,
        "pssh": debian("pssh"), "clush": debian("clustershell"), "pdsh": debian("pdsh"), "pyinfra": pyinfra,
        "ansible-core": ansible,
    }


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return {
        "cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20, "load_before": os.getloadavg()[0],
    }


def say(text):
    print(f"== {text}", file=sys.stderr)


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
    result = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": output_of("git", "describe", "--always", "--dirty", "--abbrev=12"),
        "machine": machine(), "versions": versions(options.python),
        "settings": settings | {"real_time_priority": realtime, "quick": options.quick},
    }
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
    result["limits"] = {name: f"{sign} {limit}" for name, (sign, limit) in LIMITS.items()}
    result["measures"] = measures
    with open(f"{options.output}/ssh.json", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    report.write_plot(result, f"{options.output}/ssh.svg")
    print(report.table(result))
    missed = [name for name in LIMITS if not holds(name, result["ratios"][name])]
    if missed and not options.quick:
        raise SystemExit(f"bench: not held: {', '.join(missed)}")


main()
