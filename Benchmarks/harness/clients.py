"""How each of those that are compared is told to do the same work."""

import json
import resource
import subprocess
import time


def names(count):
    return [f"node{number:04}" for number in range(1, count + 1)]


def measure_itself(argv):
    """Programs that leave their own start out print what they measured."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0 or not done.stdout.startswith("{"):
        raise SystemExit(f"bench: failed ({done.returncode}): {' '.join(argv)}\n{done.stdout}")
    result = json.loads(done.stdout)
    if result["failed"]:
        raise SystemExit(f"bench: {result['failed']} failed: {' '.join(argv)}")
    return result


def measure_from_outside(argv, environment=None):
    """Whole commands, with their start and with the processes they start: what a user waits for."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, check=False)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"bench: failed ({done.returncode}): {' '.join(argv)}\n{done.stdout.decode()[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "cpu_seconds": cpu, "bytes": len(done.stdout), "failed": 0}


class Clients:
    """Each method does the work once and says what it took."""

    def __init__(self, programs, python, pinned, folder):
        self.programs, self.python, self.pinned, self.folder = programs, python, pinned, folder
        self.here = __file__.rsplit("/", 1)[0]

    def _native(self, program, port, words):
        keys = [f"{self.folder}/user", f"{self.folder}/host.pub"]
        return measure_itself(self.pinned + [f"{self.programs}/{program}", str(port)] + keys + [str(w) for w in words])

    def belay_lookups(self, file, count):
        return measure_itself([*self.pinned, f"{self.programs}/client", "lookups", file, str(count), "node2500.example.org"])

    def libssh2_lookups(self, file, count):
        with open(f"{self.folder}/user.pub", encoding="utf-8") as key:
            words = [file, str(count), "node2500.example.org", key.read().split()[1]]
        return measure_itself([*self.pinned, f"{self.programs}/floor-lookups", *words])

    def belay(self, port, *words):
        return self._native("client", port, words)

    def floor(self, port, *words):
        """The same conversation as Belay's: a script on standard input under marks."""
        return self._native("floor", port, (*words[:-1], f"script:{words[-1]}"))

    def floor_plain(self, port, *words):
        """A plain exec with its exit status: one round trip less than a script takes."""
        return self._native("floor", port, words)

    def parallel_ssh(self, port, mode, count, in_flight, command):
        argv = [self.python, f"{self.here}/parallel_ssh.py", str(port), f"{self.folder}/user"]
        return measure_itself(self.pinned + argv + [mode, str(count), str(in_flight), command])

    # Peers that are commands: `count` hosts, `in_flight` at once, `true` on each.

    def _list(self, count):
        path = f"{self.folder}/nodes"
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(names(count)) + "\n")
        return path

    def pssh(self, count, in_flight):
        config = f"-F {self.folder}/ssh_config"
        argv = ["parallel-ssh", "-h", self._list(count), "-p", str(in_flight), "-t", "0", "-x", config, "true"]
        return measure_from_outside(self.pinned + argv)

    def clush(self, count, in_flight):
        config = f"-F {self.folder}/ssh_config"
        argv = ["clush", "--hostfile", self._list(count), "-f", str(in_flight), "-S", "-o", config, "true"]
        return measure_from_outside(self.pinned + argv)

    def pdsh(self, count, in_flight):
        environment = {"PATH": "/usr/bin:/bin", "PDSH_SSH_ARGS_APPEND": f"-F {self.folder}/ssh_config"}
        argv = ["pdsh", "-R", "ssh", "-S", "-f", str(in_flight), "-w", f"^{self._list(count)}", "true"]
        return measure_from_outside(self.pinned + argv, environment)

    def pyinfra(self, count, in_flight):
        path = f"{self.folder}/inventory.py"
        data = {"ssh_config_file": f"{self.folder}/ssh_config", "ssh_known_hosts_file": f"{self.folder}/known_hosts"}
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"nodes = {[(name, data) for name in names(count)]!r}\n")
        argv = [self._tool("pyinfra"), "-y", "--parallel", str(in_flight), path, "exec", "--", "true"]
        return measure_from_outside(self.pinned + argv)

    def ansible(self, count, in_flight):
        path = f"{self.folder}/inventory.ini"
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(names(count)) + f"\n[all:vars]\nansible_ssh_common_args=-F {self.folder}/ssh_config\n")
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": self.folder, "ANSIBLE_PIPELINING": "1", "LC_ALL": "C.UTF-8",
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=no", "ANSIBLE_LOCAL_TEMP": f"{self.folder}/ansible",
        }
        # `raw`: no Python on the node and no module sent, as the others do.
        argv = [self._tool("ansible"), "-i", path, "-f", str(in_flight), "all", "-m", "raw", "-a", "true"]
        return measure_from_outside(self.pinned + argv, environment)

    def _tool(self, name):
        return f"{self.python.rsplit('/', 1)[0]}/{name}"

    # OpenSSH's own client over one master.

    def _master(self):
        return ["ssh", "-F", f"{self.folder}/ssh_config", "-o", "ControlPath=" + f"{self.folder}/master"]

    def open_master(self):
        subprocess.run(self.pinned + self._master() + ["-M", "-N", "-f", "bench"], check=True)

    def close_master(self):
        subprocess.run(self._master() + ["-O", "exit", "bench"], stderr=subprocess.DEVNULL, check=True)

    def control_master(self, count, command):
        line = " ".join(self._master()) + ' bench "$0"'
        loop = f'for i in $(seq {count}); do {line} || exit 1; done'
        return measure_from_outside(self.pinned + ["sh", "-c", loop, command])
