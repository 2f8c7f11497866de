"""Every relative link of the repository's documents leads somewhere, and every script they name exists.

    python3 check_links.py FILE.md …
"""

import re
import sys
from pathlib import Path

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SCRIPT = re.compile(r"(?<![\w./-])(scripts/[a-z]+(?:-[a-z]+)*|\.ci/run)\b")

broken = []
for name in sys.argv[1:]:
    document = Path(name)
    text = document.read_text()
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:|#", target):
            continue
        if not (document.parent / target.partition("#")[0]).exists():
            broken.append(f"{name}: {target} leads nowhere")
    for script in SCRIPT.findall(text):
        if not Path(script).exists():
            broken.append(f"{name}: there is no {script}")
print("\n".join(broken) or f"links of {len(sys.argv) - 1} documents lead somewhere")
sys.exit(1 if broken else 0)
