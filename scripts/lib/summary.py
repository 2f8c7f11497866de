"""Counts what the test runs left as JUnit files, prints the slowest, what failed, and one closing line.

    python3 summary.py FOLDER STATUS

STATUS is what the runs themselves ended with: a run that failed without a failed test (a crash) counts as one failure.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

folder, status = Path(sys.argv[1]), int(sys.argv[2])
passed, failed, skipped, cases = 0, [], [], []
for path in sorted(folder.glob("*.xml")):
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        cases.append((float(case.get("time") or 0), name))
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        elif case.find("skipped") is not None:
            skipped.append(name)
        else:
            passed += 1

print("slowest:")
for seconds, name in sorted(cases, reverse=True)[:5]:
    print(f"  {seconds:6.1f} s  {name}")
for name in skipped:
    print(f"skipped: {name}")
for name in failed:
    print(f"failed: {name}")
crashed = status != 0 and not failed
if crashed:
    print("failed: a test run ended without telling which test; its log says why")
print(f"logs: {folder}")
print(f"{passed} passed, {len(failed) + crashed} failed")
sys.exit(1 if failed or crashed or not passed else 0)
