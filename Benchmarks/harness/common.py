"""What every benchmark does: rounds, medians, the machine it ran on, and its results in files."""

import datetime
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys

import report


def interleave(rounds, runs, peer_rounds=0, peers=None):
    """A/B/A/B: every round does each once, so that a machine that changes its pace changes it for all."""
    results = {name: [] for name in itertools.chain(runs, peers or {})}
    for number in range(rounds):
        work = runs | (peers or {} if number < peer_rounds else {})
        for name, run in work.items():
            results[name].append(run())
        print(f"  round {number + 1} of {rounds}", file=sys.stderr)
    return results


def summary(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "rounds": values}


def summarise(results, derive):
    table = {}
    for name, rounds in results.items():
        derived = [derive(raw) for raw in rounds]
        table[name] = {field: summary([each[field] for each in derived]) for field in derived[0]}
        table[name]["raw"] = rounds
    return table


def paired(measures, measure, field, ours, theirs):
    """The median of the ratios within each round."""
    pairs = zip(measures[measure][ours][field]["rounds"], measures[measure][theirs][field]["rounds"])
    return statistics.median(a / b for a, b in pairs)


def output_of(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()


def debian(package):
    return output_of("dpkg-query", "-W", "-f", "${Version}", package)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return {
        "cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20, "load_before": os.getloadavg()[0],
    }


def say(text):
    print(f"== {text}", file=sys.stderr)


def describe(versions, settings):
    """What a result begins with."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": output_of("git", "describe", "--always", "--dirty", "--abbrev=12"),
        "machine": machine(), "versions": versions, "settings": settings,
    }


def missed(result, limits):
    """Names of the ratios that do not hold."""
    return [
        name for name, (sign, limit) in limits.items()
        if not (result["ratios"][name] >= limit if sign == ">=" else result["ratios"][name] <= limit)]


def finish(name, result, limits, output, judges):
    """Writes NAME.json and its plot, prints the table, and fails when a limit is not held."""
    result["limits"] = {ratio: f"{sign} {limit}" for ratio, (sign, limit) in limits.items()}
    with open(f"{output}/{name}.json", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    report.write_plot(name, result, f"{output}/{name}.svg")
    print(report.table(name, result))
    if judges and missed(result, limits):
        raise SystemExit(f"bench: not held: {', '.join(missed(result, limits))}")
