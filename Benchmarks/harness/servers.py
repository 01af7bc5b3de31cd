"""The servers that are measured against, each on a loopback port of its own and pinned to the server's core."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def make_keys(folder):
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", f"{folder}/{name}"], check=True)


def hashed_hosts(folder, count):
    """A known_hosts file of so many hosts, all with the user's key, hashed by ssh-keygen."""
    file = f"{folder}/known_hosts"
    with open(f"{folder}/user.pub", encoding="utf-8") as key:
        words = " ".join(key.read().split()[:2])
    with open(file, "w", encoding="utf-8") as hosts:
        hosts.writelines(f"node{number}.example.org {words}\n" for number in range(count))
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", file], check=True, capture_output=True)
    return file


@contextlib.contextmanager
def running(argv, **options):
    process = subprocess.Popen(argv, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def fork_free(program, pinned, folder, delay=0):
    """Our server over libssh; with a delay in milliseconds it is slow in every phase."""
    port = free_port()
    argv = pinned + [program, str(port), f"{folder}/host", f"{folder}/user.pub", str(delay)]
    with running(argv, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout.readline() != "ready\n":
            raise SystemExit("bench: fork-free-sshd did not start")
        yield port


def sshd_config(folder, port):
    return f"""
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
UsePAM no
PasswordAuthentication no
StrictModes no
PermitRootLogin prohibit-password
MaxStartups 1000:30:2000
LogLevel ERROR
"""


def client_config(folder, port):
    """For the peers that run ssh(1): as many names as they like, and key exchange as the others do it."""
    return f"""
Host *
    HostName 127.0.0.1
    HostKeyAlias bench
    Port {port}
    User {pwd.getpwuid(os.getuid()).pw_name}
    IdentityFile {folder}/user
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    KexAlgorithms curve25519-sha256
    PreferredAuthentications publickey
    LogLevel ERROR
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
        return connection.recv(4) == b"SSH-"
    return False


# What root's start-up files do at each login on this machine is not to be measured: sshd sees an empty home.
WITHOUT_STARTUP_FILES = [
    "unshare", "--mount", "--propagation", "private", "sh", "-c", 'mount -t tmpfs tmpfs /root && exec "$@"', "sh"]


@contextlib.contextmanager
def openssh(pinned, folder):
    """An sshd of our own; `folder/ssh_config` is for the peers."""
    port = free_port()
    with open(f"{folder}/host.pub", encoding="utf-8") as file:
        key = file.read()
    write(f"{folder}/sshd_config", sshd_config(folder, port))
    write(f"{folder}/ssh_config", client_config(folder, port))
    write(f"{folder}/known_hosts", f"bench {key}[127.0.0.1]:{port} {key}")
    os.makedirs("/run/sshd", exist_ok=True)
    sshd = [shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-e", "-f", f"{folder}/sshd_config"]
    with running(pinned + WITHOUT_STARTUP_FILES + sshd) as process:
        while not accepts(port):
            if process.poll() is not None:
                raise SystemExit("bench: sshd did not start")
            time.sleep(0.05)
        yield port
