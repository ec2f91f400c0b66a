"""The load's process: commands in, events out."""
import json
import selectors
import subprocess
import time

from .world import Failed, World, peer_address

DEVICE_AS = 64512


class Pipe:
    """A program of ours that prints JSON lines."""

    def __init__(self, world, argv, index):
        self.world = world
        self.process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                                        preexec_fn=lambda: world.enter(index))
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.buffer = b""
        self.seen = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.selector.close()

    def say(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines).encode())

    def wait(self, name, limit_s):
        """The first event of that name, also one that came while another was waited for. A lost session, a dead
        daemon or the limit ends the measurement."""
        deadline = time.monotonic() + limit_s
        while True:
            for event in self.seen:
                if event["event"] == name:
                    self.seen.remove(event)
                    return event
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failed(f"no {name} within {limit_s:g} s")
            self.world.check_alive()
            if self.selector.select(min(left, 0.5)):
                self.read()

    def read(self):
        data = self.process.stdout.read(1 << 16)
        if not data:
            raise Failed("our own program ended")
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for event in map(json.loads, lines):
            if event["event"] == "error" or (event["event"] == "closed" and event["established"]):
                raise Failed(f"{event.get('peer', 'load')}: {event['why']}")
            self.seen.append(event)


class Load(Pipe):
    def __init__(self, world, program, index=1):
        super().__init__(world, [program], index)

    def peers(self, neighbors):
        for number, neighbor in enumerate(neighbors):
            self.say(f"peer p{number} local={neighbor.address} remote={neighbor.local} as={neighbor.asn} "
                     f"remote-as={neighbor.local_as} {neighbor.role}")

    def prepare(self, feed, limit_s=60):
        self.say(feed, "prepare")
        return self.wait("prepared", limit_s)

    def stats(self):
        self.say("stats")
        return self.wait("stats", 10)


class Neighbor:
    """A peer as the device under test sees it."""

    def __init__(self, number, asn=None, role="", passive=True, client=False):
        self.number = number
        self.address = peer_address(number)
        self.asn = asn or 65001 + number
        self.role = role  # of the load: "feed", "sink", "feed sentinel", ""
        self.passive = passive
        self.client = client
        self.local = World.LOCAL
        self.local_as = DEVICE_AS
