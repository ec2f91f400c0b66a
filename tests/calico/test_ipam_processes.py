"""Eight processes assign addresses on one datastore, and some are killed: none is given twice, none is lost."""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import threading

import pytest

WRITER = os.environ["CATFLAP_IPAM_WRITER"]
WRITERS = 8
# 10000, the figure to measure by hand, takes minutes.
ASSIGNMENTS = int(os.environ.get("CATFLAP_IPAM_ASSIGNMENTS", 320))
SEED = int(os.environ.get("CATFLAP_IPAM_SEED", 1))


class Etcd:
    """Debian's etcd in a folder, on the loopback of the test's own namespace; stopped at the end."""

    def __init__(self, folder: pathlib.Path):
        self.url = "http://127.0.0.1:2379"
        peers = "http://127.0.0.1:2380"
        self.process = subprocess.Popen(
            ["etcd", "--data-dir", folder, "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
             "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster",
             f"default={peers}", "--logger=zap", "--log-outputs=stderr"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            lines = []
            for line in self.process.stderr:
                lines.append(line)
                if "serving insecure client requests" in line or "serving client traffic insecurely" in line:
                    break
            else:
                raise AssertionError("etcd did not start: " + "".join(lines[-5:]))
            # Its log must not fill the pipe.
            threading.Thread(target=self.process.stderr.read, daemon=True).start()
        except BaseException:
            self.close()
            raise

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(params=["embedded", "etcd"])
def store(request, tmp_path):
    if request.param == "embedded":
        yield str(tmp_path / "store.db")
        return
    if not shutil.which("etcd"):
        pytest.skip("no etcd")
    if os.environ.get("CATFLAP_IPAM_WRITER_ETCD") != "1":
        pytest.skip("built without etcd")
    etcd = Etcd(tmp_path / "etcd")
    try:
        yield etcd.url
    finally:
        etcd.close()


def run(store, *words, text=""):
    done = subprocess.run([WRITER, store, *words], input=text, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{words[0]}: exit {done.returncode}\n{done.stdout[-4000:]}{done.stderr}"


class Writer(threading.Thread):
    """A place for writers: when one is killed, another takes over what is left to do."""

    def __init__(self, store, number):
        super().__init__()
        self.store, self.number = store, number
        self.random = random.Random(SEED * 1000 + number)
        self.held, self.broken_off, self.kills, self.assigned, self.error = {}, [], 0, 0, ""

    def run(self):
        try:
            left = ASSIGNMENTS // WRITERS
            generation = 0
            while left > 0:
                # Half of the places lose three writers.
                doomed = self.number % 2 == 0 and generation < 3
                done = self.one(generation, left, self.random.randint(1, max(1, left // 4)) if doomed else None)
                left -= done
                generation += 1
        except Exception as error:  # is the test's, not this thread's
            self.error = repr(error)

    def one(self, generation, count, kill_at):
        """One process; killed as it begins its assignment number `kill_at`. The number of assignments that it made."""
        process = subprocess.Popen(
            [WRITER, self.store, "step" if kill_at else "write", f"host-{self.number % 4}", f"w{self.number}.{generation}", str(count),
             str(self.random.randint(1, 1 << 30))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
        tried = got = 0
        busy = None
        try:
            # Who is to be killed does one step at a time, so that it cannot get away.
            if kill_at:
                process.stdin.write("\n")
            for line in process.stdout:
                what, handle, *address = line.split()
                if what == "got":
                    self.held[handle] = address[0]
                    got += 1
                    if kill_at and tried < kill_at:
                        process.stdin.write("\n")
                elif what == "dropped":
                    del self.held[handle]
                busy = handle if what in ("try", "drop") else None
                tried += what == "try"
                if tried == kill_at and what == "try":
                    process.kill()
            stderr = process.stderr.read()
            code = process.wait()
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                pipe.close()
        self.assigned += got
        if busy is not None:
            self.broken_off.append(busy)
            self.held.pop(busy, None)
        self.kills += code < 0
        assert code == (-signal.SIGKILL if kill_at else 0), f"exit {code}: {stderr}"
        return got


def test_none_twice_and_none_lost(store):
    run(store, "setup")
    writers = [Writer(store, number) for number in range(WRITERS)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert [each.error for each in writers] == [""] * WRITERS
    assert sum(each.assigned for each in writers) >= ASSIGNMENTS // WRITERS * WRITERS
    assert sum(each.kills for each in writers) == 3 * WRITERS // 2
    broken_off = [handle for each in writers for handle in each.broken_off]
    if broken_off:
        run(store, "recover", *broken_off)
    held = {handle: address for each in writers for handle, address in each.held.items()}
    run(store, "verify", text="".join(f"{handle} {address}\n" for handle, address in held.items()))
