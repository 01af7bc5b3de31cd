"""The table, the plot and the page's figures of a benchmark, all from its results/NAME.json.

report.py NAME JSON PAGE puts the table into PAGE, between its markers.
"""

import json
import sys

# Of each benchmark what is measured: its title, and of each field what is shown and how.
MEASURES = {
    "ssh": {
        "known_hosts": ("A host looked up among {known_hosts} hashed ones", {"ms_a_host": "ms a host"}),
        "hosts": ("Login and one command, no sshd in the way", {"hosts_per_second": "hosts/s", "cpu_ms_each": "CPU ms a host"}),
        "commands": ("Commands on one session, no sshd in the way", {"commands_per_second": "commands/s", "cpu_ms_each": "CPU ms each"}),
        "output": ("{megabytes} MB of output, no sshd in the way", {"mb_per_second": "MB/s", "cpu_ms_per_mb": "CPU ms a MB"}),
        "slow": ("{slow_hosts} hosts at once on a slow server", {
            "seconds": "s", "cpu_ms_each": "CPU ms a host", "kb_per_session": "KB a session", "peak_kb_per_session": "KB at most"}),
        "openssh_hosts": ("Login and `true` on OpenSSH", {"hosts_per_second": "hosts/s", "cpu_ms_each": "CPU ms a host"}),
        "openssh_one_core": ("The same, with one core for sshd", {"hosts_per_second": "hosts/s", "cpu_ms_each": "CPU ms a host"}),
        "openssh_commands": ("Commands on one session of OpenSSH", {"commands_per_second": "commands/s", "cpu_ms_each": "CPU ms each"}),
        "openssh_output": ("{megabytes} MB of output from OpenSSH", {"mb_per_second": "MB/s", "cpu_ms_per_mb": "CPU ms a MB"}),
    },
    "audit": {
        **{f"append_{writers}": (f"Appended by {writers} at once", {
            "events_per_second": "entries/s", "cpu_us_each": "CPU us each", "entries_a_batch": "a batch",
            "sync_ms_p50": "ms a sync", "publish_ms_p50": "ms to a checkpoint", "publish_ms_p99": "ms (99 %)"})
            for writers in (1, 8, 64)},
        "verify": ("{entries} entries verified", {"entries_per_second": "entries/s", "cpu_us_each": "CPU us each", "peak_mb": "MB at most"}),
        "verify_tenth": ("A tenth of them", {"entries_per_second": "entries/s", "peak_mb": "MB at most"}),
        "index": ("Search index made of {index_entries} entries", {"entries_per_second": "entries/s", "peak_mb": "MB at most"}),
        "encode": ("Records into JSON, before they are appended", {"us_each": "us each"}),
    },
    "policy": {
        "evaluations": ("An expression evaluated, of those that both know", {
            "us_each": "us each", "evaluations_per_s": "evaluations/s", "ns_a_unit": "ns a unit of cost"}),
        "all_evaluations": ("An expression evaluated, of all", {
            "us_each": "us each", "evaluations_per_s": "evaluations/s", "ns_a_unit": "ns a unit of cost"}),
        **{phase: (f"{{nodes}} nodes judged after {{runs}} runs, phase `{phase}`", {
            "us_a_node": "us a node", "nodes_per_s": "nodes/s", "validations_per_s": "validations/s", "units_a_node": "units a node"})
            for phase in ("plan", "execute")},
        "load": ("The set loaded: read, parsed, checked", {"ms": "ms"}),
    },
}
# The libraries that are named above the figures.
LIBRARIES = {"ssh": {"libssh2": "libssh2", "openssh": "OpenSSH"}, "audit": {"openssl": "OpenSSL"}, "policy": {"cel_python": "cel-python", "python": "Python"}}
NAMES = {"belay": "Belay", "floor": "C floor", "floor_plain": "C floor, plain exec"}


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def measures(name, result):
    settings = result["settings"]
    sizes = {key: f"{value:,}" for key, value in settings.items() if isinstance(value, int)}
    sizes["megabytes"] = settings.get("output_bytes", 0) // 1_000_000
    for key, (title, fields) in MEASURES[name].items():
        if key in result["measures"]:
            yield key, title.format(**sizes), fields


def rows(name, result):
    """Measure, who, what: the medians in reading order."""
    for key, title, fields in measures(name, result):
        for who, values in result["measures"][key].items():
            shown = [f"{number(values[field]['median'])} {unit}" for field, unit in fields.items() if field in values]
            yield title, NAMES.get(who, who), shown


def table(name, result):
    lines, last = [], None
    for title, who, values in rows(name, result):
        if title != last:
            lines += ["", title]
            last = title
        lines.append(f"  {who:<22}" + "".join(f" {value:>21}" for value in values))
    lines += ["", f"{'Ratio (median of the rounds)':<32}{'measured':>10}  must be"]
    for ratio, value in result["ratios"].items():
        lines.append(f"  {ratio:<30}{value:>10.2f}  {result['limits'].get(ratio, '')}".rstrip())
    return "\n".join(lines)


def markdown(name, result):
    machine = result["machine"]
    libraries = ", ".join(f"{title} {result['versions'][key]}" for key, title in LIBRARIES[name].items())
    lines = [
        f"{result['date'][:10]}, commit {result['commit']}, {machine['cpu']}, {machine['cores']} cores; "
        f"{libraries}." + "".join(f" {line}" for line in result.get("notes", [])), "",
        "| Ratio | measured | must be |", "|---|---|---|",
    ]
    lines += [f"| `{ratio}` | {value:.2f} | {result['limits'].get(ratio, '')} |" for ratio, value in result["ratios"].items()]
    lines += ["", "| Measure | | median |", "|---|---|---|"]
    lines += [f"| {title} | {who} | {', '.join(values)} |" for title, who, values in rows(name, result)]
    return "\n".join(lines)


def bars(title, unit, entries, top):
    """One group of horizontal bars, each with its range over the rounds."""
    longest = max(value["max"] for _, value in entries)
    parts = [f'<text x="20" y="{top + 16}" class="title">{title}, {unit}</text>']
    for index, (who, value) in enumerate(entries):
        y = top + 28 + index * 22
        scale = 420 / longest
        ours = ' class="ours"' if who == "Belay" else ""
        parts += [
            f'<text x="190" y="{y + 12}" text-anchor="end">{who}</text>',
            f'<rect x="200" y="{y}" width="{value["median"] * scale:.1f}" height="15"{ours}/>',
            f'<path d="M{200 + value["min"] * scale:.1f} {y + 7.5}H{200 + value["max"] * scale:.1f}"/>',
            f'<text x="{210 + value["max"] * scale:.1f}" y="{y + 12}">{number(value["median"])}</text>',
        ]
    return parts, top + 44 + len(entries) * 22


STYLE = (
    "text{font:12px sans-serif;fill:#222}.title{font-weight:bold;font-size:13px}.small{font-size:11px;fill:#666}"
    "rect{fill:#9db2c8}rect.ours{fill:#1f5fa8}path{stroke:#222;stroke-width:1}svg{background:#fff}"
)


def write_plot(name, result, path):
    parts, top = [], 40
    for key, title, fields in measures(name, result):
        field, unit = ("kb_per_session", "KB a session") if key == "slow" else next(iter(fields.items()))
        entries = [(NAMES.get(who, who), values[field]) for who, values in result["measures"][key].items()]
        group, top = bars(title.replace("`", ""), unit, entries, top)
        parts += group
    note = f"{result['date'][:10]}, {result['machine']['cpu']}, commit {result['commit']}; medians, lines from least to most"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{top}" viewBox="0 0 720 {top}">'
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'{head}<style>{STYLE}</style><text x="20" y="24" class="small">{note}</text>' + "\n".join(parts) + "</svg>\n")


def write_page(name, result, path):
    begin, end = f"<!-- figures: made by ./bench {name} from results/{name}.json -->", "<!-- end of figures -->"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"bench: {path} has no place for the figures ({begin} … {end})")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n{markdown(name, result)}\n{end}{after}")


if __name__ == "__main__":
    with open(sys.argv[2], encoding="utf-8") as results:
        write_page(sys.argv[1], json.load(results), sys.argv[3])
