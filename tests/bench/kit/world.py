"""Network namespaces and processes of one measurement, and their end whatever happens."""
import ctypes
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PREFIX = "cfbench"  # of names of namespaces and folders; then the kit's process id
TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A measurement that came to no figure; the text goes into the table."""


class Process:
    """A daemon with all its children: the members of its session."""

    def __init__(self, pid, argv, log):
        self.pid = pid
        self.argv = argv
        self.log = log
        self.ended = None

    def alive(self):
        if self.ended is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.ended = os.waitstatus_to_exitcode(status)
        return self.ended is None

    def sleeps(self):
        """True if the first process waits for something, or has ended."""
        try:
            return pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] in "SZX"
        except OSError:
            return True

    def members(self):
        """pid -> fields of /proc/PID/stat behind the name, from the state on."""
        found = {}
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                try:
                    fields = pathlib.Path(f"/proc/{entry.name}/stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(fields[3]) == self.pid:
                    found[int(entry.name)] = fields
        return found

    def cpu_s(self):
        # Children that were waited for count as well (fields 16 and 17 of the manual page).
        return sum(sum(map(int, fields[11:13])) for fields in self.members().values()) / TICKS

    def memory_mib(self, what):
        """`what` as in /proc/PID/status: VmHWM for the peak, VmRSS for now. Summed over the processes."""
        total = 0
        for pid in self.members():
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith(what + ":"))
        return total / 1024

    def stop(self):
        for pid in self.members():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.ended is None:
            os.waitpid(self.pid, 0)
            self.ended = -signal.SIGKILL

    def last_words(self):
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return lines[-1][:160] if lines else "no message"


class World:
    """Two namespaces and a cable: the device under test and its peers. Use with `with`."""

    LOCAL, PEERS_LINK, DEVICE = "10.64.255.254", "peers0", "dut0"

    def __init__(self, scratch, names=("dut", "peers")):
        self.tag = f"{PREFIX}{os.getpid()}"
        self.names = [f"{self.tag}-{name}" for name in names]
        self.scratch = scratch
        self.processes = []

    def __enter__(self):
        try:
            dut, peers = self.names
            batch = [f"netns add {name}" for name in self.names]
            batch += [f"link add {self.DEVICE} netns {dut} type veth peer name {self.PEERS_LINK} netns {peers}"]
            self.ip(batch)
            # No IPv6 addresses: that they become usable a second later is an event that happens to wake daemons up.
            self.ip(["link set lo up", f"link set {self.DEVICE} addrgenmode none",
                     f"addr add {self.LOCAL}/16 dev {self.DEVICE}", f"link set {self.DEVICE} up"], dut)
            # One address, and a route that makes every other address below local too: any number of peers.
            self.ip(["link set lo up", f"link set {self.PEERS_LINK} addrgenmode none",
                     f"addr add {peer_address(0)}/16 dev {self.PEERS_LINK}", f"link set {self.PEERS_LINK} up",
                     f"route add local 10.64.0.0/17 dev {self.PEERS_LINK}"], peers)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # A second ^C must not keep us from cleaning up after the first.
        before = {which: signal.signal(which, signal.SIG_IGN) for which in (signal.SIGINT, signal.SIGTERM)}
        try:
            self.clean_up()
        finally:
            for which, handler in before.items():
                signal.signal(which, handler)

    def clean_up(self):
        for process in reversed(self.processes):
            process.stop()
        subprocess.run(["ip", "-force", "-batch", "-"], input="".join(f"netns del {n}\n" for n in self.names), text=True,
                       stderr=subprocess.DEVNULL, check=False)

    @staticmethod
    def ip(lines, namespace=None):
        where = ["-n", namespace] if namespace else []
        subprocess.run(["ip", *where, "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True)

    def enter(self, index):
        """For a child process: what follows happens in that namespace."""
        with open(f"/run/netns/{self.names[index]}", "rb") as namespace:
            self.enter_file(namespace)

    @staticmethod
    def enter_file(namespace):
        if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def start(self, commands, index=0):
        """Starts daemons at one moment, each in a session of its own. Commands: lists, or (list, index) for a
        namespace of its own. Returns CLOCK_MONOTONIC of that moment in nanoseconds."""
        gate, opener = os.pipe()
        ready, report = os.pipe()
        for number, command in enumerate(commands):
            argv, where = command if isinstance(command, tuple) else (command, index)
            log = pathlib.Path(self.scratch) / f"{number}-{pathlib.Path(argv[0]).name}.log"
            pid = os.fork()
            if pid == 0:
                os.close(opener)
                self._become(argv, where, log, gate, report)
            self.processes.append(Process(pid, argv, log))
        os.close(gate)
        os.close(report)
        waiting = 0
        while waiting < len(commands) and (data := os.read(ready, 64)):
            waiting += len(data)
        os.close(ready)
        while not all(process.sleeps() for process in self.processes[-len(commands):]):
            os.sched_yield()  # from saying so to waiting for the gate
        begin = time.monotonic_ns()
        os.close(opener)
        return begin

    def _become(self, argv, index, log, gate, report):
        """In the child: everything but the exec, which happens when the gate opens."""
        try:
            os.setsid()
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # should the kit be killed without warning
            self.enter(index)
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, hard), hard))
            null = os.open("/dev/null", os.O_RDONLY)
            out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(null, 0)
            os.dup2(out, 1)
            os.dup2(out, 2)
            os.chdir(self.scratch)
            words = [os.fsencode(a) for a in argv]
            gate = os.dup2(gate, 200, inheritable=False)
            os.write(report, b".")
            os.closerange(3, 200)
            os.read(gate, 1)
            os.execv(words[0], words)
        except BaseException as error:  # the child must not run on as a second kit
            os.write(2, f"{argv[0]}: {error}\n".encode())
        os._exit(127)

    def check_alive(self):
        for process in self.processes:
            if not process.alive():
                raise Failed(f"{pathlib.Path(process.argv[0]).name} ended ({process.ended}): {process.last_words()}")

    def cpu_s(self):
        return sum(process.cpu_s() for process in self.processes)

    def memory_mib(self, what="VmHWM"):
        return sum(process.memory_mib(what) for process in self.processes)


def scratch():
    """A folder for one measurement; daemons that change their user reach it."""
    folder = tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-")
    os.chmod(folder.name, 0o755)
    return folder


def remove_leftovers():
    """Namespaces and folders of kits that were killed without warning."""
    for place in ("/run/netns", tempfile.gettempdir()):
        for name in os.listdir(place) if os.path.isdir(place) else ():
            owner = name[len(PREFIX):].partition("-")[0]
            if not name.startswith(PREFIX) or not owner.isdigit() or os.path.exists(f"/proc/{owner}"):
                continue
            if place == "/run/netns":
                subprocess.run(["ip", "netns", "del", name], check=False)
            else:
                shutil.rmtree(os.path.join(place, name), ignore_errors=True)


def peer_address(number):
    """Of peer `number`, from 0."""
    return f"10.64.{number // 250}.{number % 250 + 1}"
