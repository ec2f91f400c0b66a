#!/usr/bin/env python3
"""Checks the rules of harness/STYLE.md that a script can see, and clang-format.

Usage: ci/tidy.py [--fix]     --fix: runs clang-format -i       exit status 0: clean, 1: findings, one line each
"""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES_MAX = 800
COLUMNS_MAX = 120  # clang-format holds code to 110; this is for strings that it cannot break
CODE = {".cpp", ".hpp"}
TEXT = CODE | {".py", ".pyi", ".sh", ".md", ".txt", ".yaml", ".yml", ".cmake", ".json", ".conf"}

RULES = [  # (what files, pattern, what to say)
    (CODE, re.compile(r"\b(TODO|FIXME|XXX)\b"), "an open end: finish it or file it"),
    (CODE, re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b"), "no sleeps: wait for the event"),
    ({".py"}, re.compile(r"\btime\.sleep\b"), "no sleeps: wait for the event"),
    ({".hpp"}, re.compile(r"^\s*using\s+namespace\b"), "no 'using namespace' in a header"),
    (TEXT, re.compile(r"[ \t]+$"), "trailing blanks"),
    (TEXT, re.compile(r"\r"), "carriage return"),
]


def tracked_files():
    listing = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, check=False)
    if listing.returncode == 0:
        names = [name for name in listing.stdout.decode().split("\0") if name]
    else:  # a source archive without git
        names = [p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*") if p.is_file() and "build" not in p.parts]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def check_text(path, findings):
    name = path.relative_to(ROOT).as_posix()
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        findings.append(f"{name}:1: not UTF-8")
        return
    lines = text.split("\n")
    if text and not text.endswith("\n"):
        findings.append(f"{name}:{len(lines)}: no newline at the end")
    if path.suffix in CODE and len(lines) - 1 > LINES_MAX:
        findings.append(f"{name}:{LINES_MAX}: {len(lines) - 1} lines, at most {LINES_MAX}: split it")
    if path.suffix == ".hpp" and "#pragma once" not in text:
        findings.append(f"{name}:1: no #pragma once")
    for number, line in enumerate(lines, 1):
        if path.suffix in CODE and len(line) > COLUMNS_MAX and "R\"" not in text:
            findings.append(f"{name}:{number}: {len(line)} columns")
        for suffixes, pattern, message in RULES:
            # A benchmark may let the machine come to rest between two measurements.
            paced = "sleeps" in message and name.startswith("tests/bench/")
            if path.suffix in suffixes and pattern.search(line) and not paced:
                findings.append(f"{name}:{number}: {message}")


def check_format(paths, findings, fix):
    tool = shutil.which("clang-format")
    if tool is None:
        print("clang-format: skipped, not installed")
        return
    version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
    if "version 14." not in version:
        print(f"clang-format: skipped, the rules are those of version 14, here is {version.strip()}")
        return
    if fix:
        subprocess.run([tool, "-i", *paths], check=True)
        return
    result = subprocess.run([tool, "--dry-run", *paths], capture_output=True, text=True, check=False)
    for line in result.stderr.splitlines():
        match = re.match(rf"{re.escape(str(ROOT))}/(\S+?):(\d+):\d+: warning: ", line)
        if match:
            findings.append(f"{match.group(1)}:{match.group(2)}: not formatted (ci/tidy.py --fix)")


def main():
    findings = []
    files = tracked_files()
    for path in files:
        if path.suffix in TEXT or path.name in {"CMakeLists.txt", "Vagrantfile"}:
            check_text(path, findings)
    code = [str(path) for path in files if path.suffix in CODE]
    if code:
        check_format(code, findings, "--fix" in sys.argv[1:])
    findings = sorted(set(findings))
    print("\n".join(findings) if findings else f"{len(files)} files are tidy")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
