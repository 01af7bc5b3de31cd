"""`./bench audit`: measures Belay's audit log against floors in C, and writes results/audit.json and its plot.

audit.py PROGRAMS OUTPUT [--quick | --entries NUMBER]
"""

import argparse
import os
import shutil
import statistics
import tempfile

from clients import measure_itself
from common import debian, describe, finish, interleave, output_of, paired, say, summarise

WRITERS = (1, 8, 64)
RECORDED = f"{os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}/recorded/runs.jsonl"
FULL = {
    "rounds": 5, "entries": 1_000_000, "index_entries": 1_000_000, "record_bytes": 512, "threads": 2,
    "append_1": 3_000, "append_8": 16_000, "append_64": 64_000, "encoded": 20_000,
}


def quick(entries):
    small = {name: min(count, max(64, entries // 10)) for name, count in FULL.items() if name.startswith("append")}
    return FULL | small | {"rounds": 2, "entries": entries, "index_entries": entries // 10, "encoded": 1_000}


class Programs:
    """Each method does the work once and says what it took."""

    def __init__(self, programs, folder, settings):
        self.client, self.floor = f"{programs}/audit-client", f"{programs}/audit-floor"
        self.folder, self.settings, self.logs = folder, settings, 0

    def _run(self, program, *words):
        return measure_itself([program, *map(str, words)])

    def encode(self):
        return self._run(self.client, "encode", self.settings["encoded"], self.settings["record_bytes"])

    def append(self, writers):
        # Into a new folder each time: ext4 looks long for a free inode when thousands were freed in the last seconds.
        self.logs += 1
        log = f"{self.folder}/append-{self.logs}"
        os.sync()
        count, size = self.settings[f"append_{writers}"], self.settings["record_bytes"]
        return self._run(self.client, "append", log, writers, count, size, f"{log}.batches")

    def replay(self):
        """What Belay has just written, in the same batches."""
        log, target = f"{self.folder}/append-{self.logs}", f"{self.folder}/replay-{self.logs}"
        os.mkdir(target)
        os.sync()
        return self._run(self.floor, "replay", log, target, f"{log}.batches")

    def fill(self, count):
        self._run(self.client, "fill", f"{self.folder}/log-{count}", count, RECORDED)

    def verify(self, count):
        return self._run(self.client, "verify", f"{self.folder}/log-{count}")

    def hash(self, count):
        return self._run(self.floor, "hash", f"{self.folder}/log-{count}", count, self.settings["threads"])

    def index(self, count):
        return self._run(self.client, "index", f"{self.folder}/log-{count}")


def each(count, unit="entries_per_second"):
    def derive(raw):
        kept = {name: raw[name] for name in raw if name.endswith(("_p50", "_p99", "_batch", "_share"))}
        return kept | {
            unit: count / raw["seconds"], "cpu_share": raw["cpu_seconds"] / raw["seconds"], "cpu_us_each": raw["cpu_seconds"] / count * 1e6, "peak_mb": raw["peak_kb"] / 1024}
    return derive


def appending(programs, settings):
    measures = {}
    for writers in WRITERS:
        count = settings[f"append_{writers}"]
        say(f"{count} entries appended by {writers} at once, then the same batches by the floor")
        results = interleave(settings["rounds"], {
            "belay": lambda writers=writers: programs.append(writers), "floor": programs.replay})
        measures[f"append_{writers}"] = summarise(results, each(count, "events_per_second"))
    results = {"belay": [programs.encode() for _ in range(settings["rounds"])]}
    measures["encode"] = summarise(results, lambda raw: {"us_each": raw["seconds"] / settings["encoded"] * 1e6})
    return measures


def reading(programs, settings):
    count, tenth, indexed = settings["entries"], settings["entries"] // 10, settings["index_entries"]
    for entries in {count, tenth, indexed}:
        say(f"a log of {entries} entries")
        programs.fill(entries)
    say("verified, then hashed by the floor")
    results = interleave(settings["rounds"], {"belay": lambda: programs.verify(count), "floor": lambda: programs.hash(count)})
    roots = {raw["root"] for raws in results.values() for raw in raws}
    if len(roots) != 1:
        raise SystemExit(f"bench: Belay and the floor have other roots: {roots}")
    say("a tenth of it; the search index")
    return {
        "verify": summarise(results, each(count)),
        "verify_tenth": summarise({"belay": [programs.verify(tenth) for _ in range(settings["rounds"])]}, each(tenth)),
        "index": summarise({"belay": [programs.index(indexed)]}, each(indexed)),
    }


def ratios(measures):
    figures = {
        f"events_vs_floor_{writers}": paired(measures, f"append_{writers}", "events_per_second", "belay", "floor")
        for writers in WRITERS}
    peaks = [measures[name]["belay"]["peak_mb"]["median"] for name in ("verify", "verify_tenth")]
    return figures | {
        "events_per_second_64": measures["append_64"]["belay"]["events_per_second"]["median"],
        "sync_share_64": measures["append_64"]["belay"]["sync_share"]["median"],
        "floor_cpu_share_64": measures["append_64"]["floor"]["cpu_share"]["median"],
        "verify_vs_sha256": paired(measures, "verify", "entries_per_second", "belay", "floor"),
        "verify_mb_vs_tenth": peaks[0] / peaks[1],
    }


def limits(figures):
    """What must hold (docs/performance.md); for appending it depends on what the floor's time goes into."""
    fixed = {"verify_vs_sha256": (">=", 0.5), "verify_mb_vs_tenth": ("<=", 1.3)}
    if figures["floor_cpu_share_64"] < 0.5:
        return "disk", fixed | {"events_vs_floor_64": (">=", 0.8)}
    return "cpu", fixed | {"events_vs_floor_64": (">=", 0.5), "events_per_second_64": (">=", 50_000)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("output")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--entries", type=int)
    options = parser.parse_args()
    is_small = options.quick or options.entries is not None
    settings = quick(options.entries or 20_000) if is_small else FULL
    result = describe(
        {"openssl": debian("libssl3"), "swift": output_of("swift", "--version").split("\n")[0]}, settings | {"quick": is_small})
    # Not /tmp, which may be in memory: a sync would cost nothing there.
    folder = tempfile.mkdtemp(prefix="belay-bench-", dir=os.environ.get("TMPDIR", "/var/tmp"))
    result["machine"]["filesystem"] = output_of("stat", "-f", "-c", "%T", folder)
    try:
        programs = Programs(options.programs, folder, settings)
        result["measures"] = appending(programs, settings) | reading(programs, settings)
    finally:
        shutil.rmtree(folder)
    result["ratios"] = ratios(result["measures"])
    result["decides"], held = limits(result["ratios"])
    cpu, sync = (result["ratios"][name] for name in ("floor_cpu_share_64", "sync_share_64"))
    result["notes"] = [
        f"With batches of 64 writers the floor has the CPU for {cpu:.0%} of its time: the {result['decides']} decides. Belay's "
        f"two lanes are in fdatasync for {sync:.0%} of theirs, both counted."]
    finish("audit", result, held, options.output, not is_small)


main()
