"""A network that is not made up: each host is a network namespace of the kernel, and the test itself is the router between them.

    if __name__ == "__main__":
        namespaces.enter()       # begins this program anew where it may make namespaces
        main()

    class SomeCase…:
        net = Network()
        server, machine = net.node(), net.node()
        Postgres(node=server); fleet.start(…, preexec_fn=machine.enter)
        net.drop(server, machine)                       # nothing arrives, and no one is told
        net.heal()

Root needs nothing else. Who is not root becomes the owner of a user namespace that maps the own number to itself: servers refuse root, and see none.
Nothing of this network is seen outside, and it goes with its last process.
"""
import contextlib
import ctypes
import os
import subprocess
import sys

INSIDE = "NETWORK_NAMESPACE"  # whether `enter` has been here
CLONE_NEWNET = 0x40000000
NOT_RUN = 77  # the exit code that ctest takes for a test that was skipped


def unshare():
    return ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--user", "--map-current-user", "--keep-caps", "--net"]


def why_not():
    """What this machine lacks for such a network; an empty text: nothing."""
    probe = ("ip link add name probe0 type veth peer name probe1 && ip rule add from 10.77.0.1 to 10.77.0.2 blackhole"
             " && unshare --net true && echo 1 > /proc/sys/net/ipv4/ip_forward")
    try:
        done = subprocess.run([*unshare(), "sh", "-c", probe], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError as error:
        return f"no network namespaces here: {error}"
    return f"no network namespaces here: {done.stdout.decode().strip()}" if done.returncode else ""


def enter():
    """Returns within the router's namespace; ends the program, with a word why, where there is none to be had."""
    if os.environ.get(INSIDE):
        ip("link", "set", "lo", "up")
        with open("/proc/sys/net/ipv4/ip_forward", "w") as file:
            file.write("1")
        return
    lack = why_not()
    if lack:
        print(f"SKIPPED: {lack}", file=sys.stderr)
        sys.exit(NOT_RUN)
    words = unshare()
    os.execvpe(words[0], [*words, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


def run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise AssertionError(f"{' '.join(words)}: {done.stdout.decode()}")


def ip(*words):
    run("ip", *words)


class Node:
    """A host: `address`. `prefix` are words before a command that runs there; `enter` is for preexec_fn."""

    def __init__(self, number):
        self.name, self.address = f"node{number}", f"10.77.{number}.2"
        holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo there; cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        holder.stdout.readline()
        self.net = os.open(f"/proc/{holder.pid}/ns/net", os.O_RDONLY)  # which holds it
        self.prefix = ["nsenter", f"--net=/proc/{os.getpid()}/fd/{self.net}", "--"]
        ip("link", "add", "name", self.name, "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
        ip("address", "add", f"10.77.{number}.1/24", "dev", self.name)
        ip("link", "set", self.name, "up")
        run(*self.prefix, "sh", "-ec", f"ip link set lo up; ip address add {self.address}/24 dev eth0; ip link set eth0 up; "
                                       f"ip route add default via 10.77.{number}.1")
        holder.communicate()

    def enter(self):
        if ctypes.CDLL(None, use_errno=True).setns(self.net, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


class Network:
    """What happens to it lasts until `heal`.

    drop(a, b)     what a sends to b is lost, and neither is told: as with a firewall that forgets, or a cable that breaks on the way
    cut(a, b)      the same in both directions
    refuse(a, b)   the router answers a that b cannot be reached, and b that a cannot
    unplug(a)      its cable has no carrier: a cannot find its own router any more
    narrow(a)      what is sent to a comes at 64 kbit/s, and what is too much is lost
    """

    def __init__(self):
        self.nodes, self.rules, self.unplugged, self.narrowed = [], [], [], []

    def node(self):
        self.nodes.append(Node(len(self.nodes) + 1))
        return self.nodes[-1]

    def _rule(self, a, b, kind):
        rule = ("from", a.address, "to", b.address, kind)
        ip("rule", "add", *rule)
        self.rules.append(rule)

    def drop(self, a, b):
        self._rule(a, b, "blackhole")

    def cut(self, a, b):
        self.drop(a, b)
        self.drop(b, a)

    def refuse(self, a, b):
        self._rule(a, b, "unreachable")
        self._rule(b, a, "unreachable")

    def unplug(self, node):
        ip("link", "set", node.name, "down")
        self.unplugged.append(node)

    def narrow(self, node):
        ip_like = ("tc", "qdisc", "add", "dev", node.name, "root", "tbf", "rate", "64kbit", "burst", "4kb", "limit", "12kb")
        with contextlib.suppress(AssertionError):  # not each kernel has it
            run(*ip_like)
            self.narrowed.append(node)

    def heal(self):
        for rule in self.rules:
            ip("rule", "del", *rule)
        for node in self.unplugged:
            ip("link", "set", node.name, "up")
        for node in self.narrowed:
            run("tc", "qdisc", "del", "dev", node.name, "root")
        self.rules, self.unplugged, self.narrowed = [], [], []
