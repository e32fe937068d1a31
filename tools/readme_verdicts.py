"""Write the table of claims and verdicts of README.md from ledger.json.

Usage: ``python tools/readme_verdicts.py`` rewrites the part between the two markers;
with ``--check`` it changes nothing and exits 1 where the part is not up to date.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
BEGIN: Final = "<!-- verdicts:begin (written by make proofs; do not edit) -->"
END: Final = "<!-- verdicts:end -->"


def table(claims: Sequence[Mapping[str, Any]]) -> str:
    """Return the claims as a Markdown table, in the ledger's order."""
    rows = ["| claim | what it says | verdict |", "|---|---|---|"]
    for claim in claims:
        title = claim["title"].replace("|", "\\|").replace("\n", " ")
        rows.append(f"| `{claim['id']}` | {title} | {claim['verdict']} |")
    return "\n".join(rows)


def updated(readme: str, ledger: Mapping[str, Any]) -> str:
    """Return the text of README.md with the table of a ledger in it.

    Raises:
        ValueError: The markers are missing, or there are several.
    """
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise ValueError(f"README.md must have {BEGIN!r} and {END!r} once each")
    before, _, rest = readme.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{table(ledger['claims'])}\n{END}{after}"


def main(arguments: Sequence[str]) -> int:
    """Rewrite README.md, or with ``--check`` say whether that would change it."""
    path = ROOT / "README.md"
    old = path.read_text(encoding="utf-8")
    new = updated(old, json.loads((ROOT / "ledger.json").read_text(encoding="utf-8")))
    if "--check" in arguments:
        if old != new:
            print("README.md: the table of verdicts is not that of ledger.json; run make proofs")
        return int(old != new)
    if old != new:
        temporary = path.with_suffix(".md.new")
        temporary.write_text(new, encoding="utf-8")
        os.replace(temporary, path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
