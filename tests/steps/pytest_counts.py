"""pytest_counts.py REPORT [SECOND_REPORT]: prints how many tests passed, failed and were skipped.

The second report is of those that failed in the first and were run once more, with the machine for
themselves. Each that passed then counts as passed, and is named on the standard error.
"""
import sys
import xml.etree.ElementTree


def read(path):
    """Test → what is wrong with it, "" if nothing is, None if it was skipped."""
    tests = {}
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f'{case.get("classname")}::{case.get("name")}'
        wrong = [part for part in case if part.tag in ("failure", "error")]
        if wrong:
            tests[name] = (wrong[0].get("message") or "failed").split("\n")[0]
        elif case.find("skipped") is not None:
            tests[name] = None
        else:
            tests.setdefault(name, "")
    return tests


tests = read(sys.argv[1])
for name, wrong in read(sys.argv[2]).items() if len(sys.argv) > 2 else ():
    if wrong == "":
        print(f"FLAKY: {name} failed beside others and passed alone: {tests[name]}", file=sys.stderr)
    tests[name] = wrong
failed = sum(bool(wrong) for wrong in tests.values())
skipped = sum(wrong is None for wrong in tests.values())
print(len(tests) - failed - skipped, failed, skipped)
