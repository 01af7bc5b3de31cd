"""The work of `floor` and `client` by parallel-ssh: parallel_ssh.py PORT USER-KEY hosts|commands COUNT IN-FLIGHT COMMAND.

Prints the same line of JSON. Imports and one login come before the measurement, as for the others. It verifies no host key.
"""

import json
import resource
import sys
import time

from pssh.clients import ParallelSSHClient, SSHClient


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def check(status):
    if status != 0:
        raise SystemExit(f"parallel-ssh: exit status {status}")


def run_hosts(count, in_flight, command, **login):
    client = ParallelSSHClient(["127.0.0.1"] * count, pool_size=in_flight, **login)
    output = client.run_command(command)
    client.join(output)
    for host in output:
        check(host.exit_code)


def read_all(client, command):
    output = client.run_command(command)
    received = sum(len(line) + 1 for line in output.stdout)
    client.wait_finished(output)
    check(output.exit_code)
    return received


def main():
    port, key, mode, count, in_flight, command = sys.argv[1:]
    login = {"port": int(port), "pkey": key, "user": "root", "allow_agent": False, "num_retries": 1}
    received = 0
    one = SSHClient("127.0.0.1", **login)
    read_all(one, "true")
    start, cpu = time.perf_counter(), cpu_seconds()
    if mode == "hosts":
        run_hosts(int(count), int(in_flight), command, **login)
    else:
        for _ in range(int(count)):
            received += read_all(one, command)
    seconds, cpu = time.perf_counter() - start, cpu_seconds() - cpu
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "bytes": received, "failed": 0}))


main()
