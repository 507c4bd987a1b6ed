"""Tests that run side by side: what shares its set-up stays in one worker."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.side_by_side import group_of

ROOT = Path(__file__).parents[2]
SOME = ("tests/unit/test_version.py", "tests/unit/test_free_text.py", "tests/unit/test_json_lines.py")


def test_files_of_the_browser_share_a_group_and_others_have_their_own() -> None:
    first, second = "tests/browser/test_imports.py::test_a[x::y]", "tests/browser/test_classes.py::test_b"
    assert group_of(first) == group_of(second)
    assert group_of("tests/unit/test_cells.py::test_a") == "tests/unit/test_cells.py"


def test_each_file_is_run_by_one_worker() -> None:
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "--dist", "loadscope", "-p", "no:cacheprovider", *SOME]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    workers = defaultdict(set)
    for worker, file in re.findall(r"^\[(gw\d)\].* PASSED (\S+?)::", told, re.M):
        workers[file].add(worker)
    assert workers.keys() == set(SOME)
    assert [file for file, who in workers.items() if len(who) > 1] == []
