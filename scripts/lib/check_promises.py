"""Every test that SECURITY.md, or another document of promises, names exists.

    python3 check_promises.py [SECURITY.md]

Names are `test_file.py::test_name`, in Tests/interop, and `Suite/name`, in the Swift tests.
"""

import re
import sys
from pathlib import Path

NAME = re.compile(r"`(test_\w+\.py)::(\w+)`|`([A-Z]\w*Tests)/(\w+)`")

swift = [path.read_text() for path in Path("Tests").glob("*Tests/**/*.swift")]


def exists(file, test, suite, function):
    if file:
        path = Path("Tests/interop") / file
        return path.is_file() and re.search(rf"^def {test}\(", path.read_text(), re.MULTILINE)
    # Rooms may have suites of one name, and a suite may go on in an extension in a file of its own.
    texts = [text for text in swift if re.search(rf"\b(struct|class|actor|extension) {suite}\b", text)]
    return any(re.search(rf"\bfunc {function}\(", text) for text in texts)


document = sys.argv[1] if len(sys.argv) > 1 else "SECURITY.md"
names = NAME.findall(Path(document).read_text())
missing = ["::".join(name[:2]) if name[0] else "/".join(name[2:]) for name in names if not exists(*name)]
print("\n".join(f"{document}: there is no test {name}" for name in missing) or f"{len(names)} tests of promises exist")
sys.exit(1 if missing or not names else 0)
