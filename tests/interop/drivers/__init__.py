"""How each daemon is told what a Router is, started, and asked what it sees."""

from .base import Daemon
from .bird import Bird1, Bird2, Self
from .exabgp import ExaBgp
from .frr import Frr
from .gobgp import GoBgp
from .openbgpd import OpenBgpd

PEERS: dict[str, type[Daemon]] = {
    driver.kind: driver for driver in (Bird1, Bird2, Frr, GoBgp, OpenBgpd, ExaBgp)
}
__all__ = ["PEERS", "Daemon", "Self"]
