"""`./bench policy`: measures the policies that ship, and cel-python on their expressions; writes results/policy.json and its plot.

policy.py PROGRAMS PYTHON OUTPUT [--quick]
"""

import argparse
import os
import statistics
import subprocess
import tempfile

from clients import measure_itself
from common import describe, finish, interleave, output_of, say, summarise

HERE = os.path.dirname(os.path.abspath(__file__))
POLICIES = f"{os.path.dirname(os.path.dirname(HERE))}/policies"
INPUT = f"{os.path.dirname(HERE)}/recorded/policy-input.json"
FULL = {"rounds": 5, "nodes": 10_000, "runs": 1_000, "loads": 20, "evaluations": 200, "peer_evaluations": 5}
QUICK = FULL | {"rounds": 2, "nodes": 1_000, "loads": 3, "evaluations": 10, "peer_evaluations": 1}
LIMITS = {"evaluations_vs_cel_python": (">=", 20), "nodes_per_s": (">=", 2_000), "compile_ms": ("<=", 50)}


class Programs:
    """Each method does the work once and says what it took."""

    def __init__(self, programs, python, folder, settings):
        self.client, self.python, self.settings = f"{programs}/policy-client", python, settings
        self.exported = f"{folder}/expressions.json"
        with open(self.exported, "wb") as file:
            subprocess.run([self.client, "export", POLICIES, INPUT], stdout=file, check=True)

    def load(self):
        return measure_itself([self.client, "compile", POLICIES, str(self.settings["loads"])])

    def evaluate(self):
        return measure_itself([self.client, "evaluate", POLICIES, INPUT, str(self.settings["evaluations"])])

    def evaluate_by_peer(self):
        return measure_itself([self.python, f"{HERE}/cel_python.py", self.exported, str(self.settings["peer_evaluations"])])

    def judge(self, phase):
        size = [str(self.settings[name]) for name in ("nodes", "runs")]
        return measure_itself([self.client, "judge", POLICIES, INPUT, *size, phase])


def compared(results):
    """Names of the expressions of which cel-python has the same values, and of the others why it has not."""
    first = results["cel-python"][0]["expressions"]
    return {each["name"] for each in first if "seconds" in each}, {each["name"]: each["why"] for each in first if "why" in each}


def evaluating(names):
    """Over the same expressions on both sides, each once."""
    def derive(raw):
        chosen = [each for each in raw["expressions"] if each["name"] in names]
        seconds = sum(each["seconds"] for each in chosen)
        cost = sum(each["cost"] for each in chosen if "cost" in each)
        fields = {"evaluations_per_s": len(chosen) / seconds, "us_each": seconds / len(chosen) * 1e6}
        return fields | ({"ns_a_unit": seconds / cost * 1e9} if cost else {})
    return derive


def judging(raw):
    return {
        "nodes_per_s": raw["documents"] / raw["seconds"], "validations_per_s": raw["validations"] / raw["seconds"],
        "us_a_node": raw["seconds"] / raw["documents"] * 1e6, "units_a_node": raw["cost"] / raw["documents"]}


def measure(programs, settings):
    rounds = settings["rounds"]
    say("each expression of the policies, by Belay and by cel-python")
    results = interleave(rounds, {"belay": programs.evaluate, "cel-python": programs.evaluate_by_peer})
    names, left_out = compared(results)
    if not names:
        raise SystemExit(f"bench: no expression can be compared: {left_out}")
    say(f"{len(names)} expressions are compared; left out are {len(left_out)}:")
    for name, why in left_out.items():
        say(f"  {name}: {why}")
    every = {each["name"] for each in results["belay"][0]["expressions"]}
    say(f"a plan for {settings['nodes']} nodes judged; the policies loaded")
    judged = interleave(rounds, {phase: lambda phase=phase: programs.judge(phase) for phase in ("plan", "execute")})
    loaded = {"belay": [programs.load() for _ in range(rounds)]}
    return {
        "evaluations": summarise(results, evaluating(names)),
        "all_evaluations": summarise({"belay": results["belay"]}, evaluating(every)),
        "plan": summarise({"belay": judged["plan"]}, judging),
        "execute": summarise({"belay": judged["execute"]}, judging),
        "load": summarise(loaded, lambda raw: {"ms": raw["seconds"] / settings["loads"] * 1e3}),
    }, len(names), left_out


def ratios(measures):
    ours, theirs = (measures["evaluations"][who]["us_each"]["rounds"] for who in ("belay", "cel-python"))
    return {
        "evaluations_vs_cel_python": statistics.median(b / a for a, b in zip(ours, theirs)),
        "evaluations_per_s": measures["all_evaluations"]["belay"]["evaluations_per_s"]["median"],
        "nodes_per_s": min(measures[phase]["belay"]["nodes_per_s"]["median"] for phase in ("plan", "execute")),
        "compile_ms": measures["load"]["belay"]["ms"]["median"],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("python")
    parser.add_argument("output")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    settings = QUICK if options.quick else FULL
    version = output_of(options.python, "-c", "import importlib.metadata as m; print(m.version('cel-python'))")
    result = describe(
        {"cel_python": version, "python": output_of(options.python, "--version").removeprefix("Python "),
         "swift": output_of("swift", "--version").split("\n")[0]}, settings | {"quick": options.quick})
    with tempfile.TemporaryDirectory(prefix="belay-bench-") as folder:
        programs = Programs(options.programs, options.python, folder, settings)
        result["measures"], count, left_out = measure(programs, settings)
    result["compared"], result["left_out"] = count, left_out
    result["ratios"] = ratios(result["measures"])
    result["notes"] = [
        f"Of {count + len(left_out)} expressions {count} are compared"
        + (f"; left out: {', '.join(f'`{name}`' for name in left_out)}." if left_out else ".")]
    finish("policy", result, LIMITS, options.output, not options.quick)


main()
