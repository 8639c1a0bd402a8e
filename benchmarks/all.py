"""Every figure beside its mark, in one run.

    python -m benchmarks.all --json out/benchmarks.json --docs

One process a benchmark, one after the other, so that none inherits another's memory or compiled programs. With
`--docs`, the table between the two marks in docs/speed.md is replaced by this run's.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks.rows import HEADER, Row, plain, table, write_json

QUESTIONS = ("decode", "encode", "wire", "server", "training", "latents", "compilations", "memory", "cuts", "siege")
PAGE = Path("docs/speed.md")
BEGIN, END = "<!-- python -m benchmarks.all --docs -->\n", "<!-- end -->\n"


def ask(question: str) -> list[Row]:
    """The rows of one benchmark, from a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        command = [sys.executable, "-m", f"benchmarks.{question}", "--json", path]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found = json.loads(path.read_text())["rows"]
    return [Row(**{key: value for key, value in row.items() if key not in ("ratio", "met")}) for row in found]


def markdown(rows: list[Row]) -> str:
    """The table for the page."""
    lines = [HEADER, ("---", *["---:"] * (len(HEADER) - 1)), *(row.cells() for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def replaced(text: str, between: str) -> str:
    """The page with another table between its marks."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{between}\n{END}{rest.split(END)[1]}"


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, default=Path("out/benchmarks.json"))
    parser.add_argument("--docs", action="store_true")
    options = parser.parse_args()
    console, rows = Console(), []
    for question in QUESTIONS:
        with console.status(f"benchmarks.{question} ..."):
            rows += ask(question)
    console.print(table("enf2enf beside its marks", rows))
    write_json(options.json, {"rows": plain(rows)})
    if options.docs:
        PAGE.write_text(replaced(PAGE.read_text(), markdown(rows)))


if __name__ == "__main__":
    main()
