"""The code that a page shows, by the file name in each block's first line."""

import re

from tests.stack import PROJECT

_BLOCK = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def code_of(page):
    """`{"script.py": "import …"}` of a page under docs/."""
    return dict(_BLOCK.findall((PROJECT / "docs" / page).read_text()))
