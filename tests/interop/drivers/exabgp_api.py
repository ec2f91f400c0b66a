"""The process that ExaBGP starts for its API: what ExaBGP tells goes to FOLDER/heard.json, and what comes through the
pipe FOLDER/commands goes to ExaBGP.

Usage: exabgp_api.py FOLDER
"""

import os
import pathlib
import select
import sys


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    heard = os.open(folder / "heard.json", os.O_WRONLY | os.O_APPEND)
    commands = os.open(folder / "commands", os.O_RDWR)  # also for writing, so that it never ends
    while True:
        for ready in select.select([0, commands], [], [])[0]:
            try:
                data = os.read(ready, 1 << 16)
            except BlockingIOError:  # the pipe of ExaBGP does not block
                continue
            if not data:
                return
            os.write(heard if ready == 0 else 1, data)


if __name__ == "__main__":
    main()
