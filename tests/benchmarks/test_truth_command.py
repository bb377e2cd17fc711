"""`--seconds` of `script/bench`, with a bench that is quick because it measures nothing."""

import pytest

from benchmarks import __main__ as command


@pytest.fixture
def lengths(monkeypatch):
    """Notes for how long each run was asked to go on; None for its own default."""
    asked = []

    def run(quick, seconds=None):
        asked.append(seconds)
        return []

    monkeypatch.setitem(command.BENCHES, "truth", run)
    return asked


def test_its_length_can_be_chosen(lengths):
    """Without it the bench decides."""
    assert command.main(["truth"]) == 0
    assert command.main(["truth", "--seconds", "2.5"]) == 0
    assert lengths == [None, 2.5]


@pytest.mark.parametrize(
    "arguments", [["flow", "--seconds", "5"], ["truth", "--seconds", "0"], ["--seconds", "5"]]
)
def test_a_length_that_has_no_meaning_is_refused(lengths, arguments, capsys):
    """Rather than passed over."""
    with pytest.raises(SystemExit) as refused:
        command.main(arguments)
    assert refused.value.code == 2
    assert "'truth'" in capsys.readouterr().err
