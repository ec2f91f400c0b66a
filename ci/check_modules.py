#!/usr/bin/env python3
"""Holds every #include "..." under harness/ against harness/modules.txt.

A shared include root does not stop an undeclared include from compiling, so CMake's link dependencies alone are no
guard. A module may include itself, what its line names, and what those may include; its tests also any pure module that
they link. Third-party headers of effects
(<sys/socket.h>, <netlink/...>, boost) may not stand in pure modules.

Usage: ci/check_modules.py [ROOT]      exit status 0: clean, 1: findings, one line each
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
EFFECT_HEADERS = re.compile(
    r"^(sys/|netinet/|arpa/|linux/|netlink/|boost/|poll\.h|unistd\.h|fcntl\.h|sched\.h|signal\.h|pthread\.h|thread$|mutex$"
    r"|condition_variable$|future$|atomic$|fstream$|iostream$|filesystem$|ctime$|random$|csignal$|spdlog/)"
)


def read_modules(root):
    modules = {}
    for line in (root / "harness/modules.txt").read_text().splitlines():
        words = line.split()
        if words and not line.startswith("#"):
            modules[words[0]] = (words[1], words[2:])
    return modules


def closure(modules, name):
    seen, todo = set(), [name]
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo.extend(modules[module][1])
    return seen


def module_of(modules, path):
    """The longest module name that is a folder prefix of `path`, a path below harness/."""
    parts = path.split("/")[:-1]
    for length in range(len(parts), 0, -1):
        if "/".join(parts[:length]) in modules:
            return "/".join(parts[:length])
    return None


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    modules = read_modules(root)
    findings = []
    position = {name: index for index, name in enumerate(modules)}
    for name, (purity, dependencies) in modules.items():
        for dependency in dependencies:
            if dependency not in modules:
                findings.append(f"harness/modules.txt: {name} names {dependency}, which is no module")
            elif position[dependency] > position[name]:
                findings.append(f"harness/modules.txt: {name} stands above {dependency}, which it uses")
            elif purity == "pure" and modules[dependency][0] != "pure":
                findings.append(f"harness/modules.txt: {name} is pure but uses {dependency}, which is not")
    for path in sorted((root / "harness").rglob("*.[ch]pp")):
        relative = path.relative_to(root / "harness").as_posix()
        module = module_of(modules, relative)
        if module is None:
            findings.append(f"harness/{relative}:1: belongs to no module of harness/modules.txt")
            continue
        allowed = closure(modules, module)
        is_test = relative.endswith("_test.cpp")
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            quoted, target = match.group(1) == '"', match.group(2)
            where = f"harness/{relative}:{number}"
            if quoted:
                owner = module_of(modules, target)
                if owner is None or not (root / "harness" / target).exists():
                    findings.append(f'{where}: "{target}" is not a header of a module')
                elif owner not in allowed and not (is_test and modules[owner][0] == "pure"):
                    findings.append(f"{where}: {module} may not include {owner} (harness/modules.txt)")
            elif modules[module][0] == "pure" and not is_test and EFFECT_HEADERS.match(target):
                findings.append(f"{where}: the pure module {module} may not include <{target}>")
    print("\n".join(findings) if findings else f"{len(modules)} modules, every include as declared")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
