"""The table, the plot and the page's figures, all from one results/ssh.json.

report.py JSON PAGE puts the table into PAGE, between its markers.
"""

import json
import sys

# What is measured: its title, and of each field what is shown and how.
MEASURES = {
    "known_hosts": ("A host looked up among {known_hosts} hashed ones", {"ms_a_host": "ms a host"}),
    "hosts": ("Login and one command, no sshd in the way", {"hosts_per_second": "hosts/s", "cpu_ms_each": "CPU ms a host"}),
    "commands": ("Commands on one session, no sshd in the way", {"commands_per_second": "commands/s", "cpu_ms_each": "CPU ms each"}),
    "output": ("{megabytes} MB of output, no sshd in the way", {"mb_per_second": "MB/s", "cpu_ms_per_mb": "CPU ms a MB"}),
    "slow": ("{slow} hosts at once on a slow server", {
        "seconds": "s", "cpu_ms_each": "CPU ms a host", "kb_per_session": "KB a session", "peak_kb_per_session": "KB at most"}),
    "openssh_hosts": ("Login and `true` on OpenSSH", {"hosts_per_second": "hosts/s", "cpu_ms_each": "CPU ms a host"}),
    "openssh_one_core": ("The same, with one core for sshd", {"hosts_per_second": "hosts/s", "cpu_ms_each": "CPU ms a host"}),
    "openssh_commands": ("Commands on one session of OpenSSH", {"commands_per_second": "commands/s", "cpu_ms_each": "CPU ms each"}),
    "openssh_output": ("{megabytes} MB of output from OpenSSH", {"mb_per_second": "MB/s", "cpu_ms_per_mb": "CPU ms a MB"}),
}
NAMES = {"belay": "Belay", "floor": "C floor", "floor_plain": "C floor, plain exec"}


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def measures(result):
    settings = result["settings"]
    sizes = {"megabytes": settings["output_bytes"] // 1_000_000, "slow": f"{settings['slow_hosts']:,}",
             "known_hosts": f"{settings['known_hosts']:,}"}
    for key, (title, fields) in MEASURES.items():
        if key in result["measures"]:
            yield key, title.format(**sizes), fields


def rows(result):
    """Measure, who, what: the medians in reading order."""
    for key, title, fields in measures(result):
        for who, values in result["measures"][key].items():
            yield title, NAMES.get(who, who), [f"{number(values[field]['median'])} {unit}" for field, unit in fields.items()]


def table(result):
    lines, last = [], None
    for title, who, values in rows(result):
        if title != last:
            lines += ["", title]
            last = title
        lines.append(f"  {who:<22}" + "".join(f"{value:>22}" for value in values))
    lines += ["", f"{'Ratio (median of the rounds)':<32}{'measured':>10}  must be"]
    for name, value in result["ratios"].items():
        lines.append(f"  {name:<30}{value:>10.2f}  {result['limits'].get(name, '')}".rstrip())
    return "\n".join(lines)


def markdown(result):
    machine, versions = result["machine"], result["versions"]
    lines = [
        f"{result['date'][:10]}, commit {result['commit']}, {machine['cpu']}, {machine['cores']} cores; "
        f"libssh2 {versions['libssh2']}, OpenSSH {versions['openssh']}.", "",
        "| Ratio | measured | must be |", "|---|---|---|",
    ]
    lines += [f"| `{name}` | {value:.2f} | {result['limits'].get(name, '')} |" for name, value in result["ratios"].items()]
    lines += ["", "| Measure | | median |", "|---|---|---|"]
    lines += [f"| {title} | {who} | {', '.join(values)} |" for title, who, values in rows(result)]
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


def write_plot(result, path):
    parts, top = [], 40
    for key, title, fields in measures(result):
        field, unit = ("kb_per_session", "KB a session") if key == "slow" else next(iter(fields.items()))
        entries = [(NAMES.get(who, who), values[field]) for who, values in result["measures"][key].items()]
        group, top = bars(title.replace("`", ""), unit, entries, top)
        parts += group
    note = f"{result['date'][:10]}, {result['machine']['cpu']}, commit {result['commit']}; medians, lines from least to most"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{top}" viewBox="0 0 720 {top}">'
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'{head}<style>{STYLE}</style><text x="20" y="24" class="small">{note}</text>' + "\n".join(parts) + "</svg>\n")


def write_page(result, path):
    begin, end = "<!-- figures: made by ./bench ssh from results/ssh.json -->", "<!-- end of figures -->"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"bench: {path} has no place for the figures ({begin} … {end})")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n{markdown(result)}\n{end}{after}")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as results:
        write_page(json.load(results), sys.argv[2])
