#!/usr/bin/env python3
"""Adds up the JUnit files of a test run.

Usage: ci/summary.py FOLDER      prints what failed and was skipped, then "N passed, N failed, N skipped"
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def main():
    passed = failed = skipped = 0
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            name = f"{path.stem}: {case.get('name')}"
            status = case.get("status")
            if case.find("failure") is not None or status == "fail":
                failed += 1
                print(f"failed   {name}")
            elif case.find("skipped") is not None or status in ("notrun", "disabled"):
                skipped += 1
                reason = case.find("skipped")
                message = (reason.get("message") if reason is not None else "") or ""
                print(f"skipped  {name}  {message}".rstrip())
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")


if __name__ == "__main__":
    main()
