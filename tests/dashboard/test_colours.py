"""One colour an outcome: the same in figures and style sheet, and told apart by everybody."""

import re
from itertools import combinations
from math import dist
from pathlib import Path

import pytest

from dashboard.colours import COLOURS

CSS = (Path(__file__).resolve().parents[2] / "static/css/canvalo.css").read_text()
OUTCOMES = {name: colour for name, colour in COLOURS.items() if colour.startswith("#")}
GROUNDS = ("#ffffff", "#171b22")  # --card, light and dark
# What is seen without one kind of cone (Machado, Oliveira, Fernandes 2009), in linear RGB.
SIGHTS = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
               (-0.003882, -0.048116, 1.051998)),
    "no green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                 (-0.011820, 0.042940, 0.968881)),
    "no blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602),
                (0.004733, 0.691367, 0.303900)),
}  # fmt: skip


def linear(colour):
    """Its light."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def luminance(light):
    """How bright it is."""
    return sum(part * weight for part, weight in zip(light, (0.2126, 0.7152, 0.0722), strict=True))


def lab(light):
    """Where it stands among colours, as far apart as they look."""
    r, g, b = (min(1, max(0, part)) for part in light)
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("sight", SIGHTS)
def test_any_two_outcomes_are_told_apart_by(sight):
    """Ten is a difference seen at a glance; two is the least that is seen at all."""
    seen = {
        name: lab([sum(m * c for m, c in zip(row, linear(colour), strict=True)) for row in
                   SIGHTS[sight]])
        for name, colour in OUTCOMES.items()
    }  # fmt: skip
    close = [(a, b) for a, b in combinations(seen, 2) if dist(seen[a], seen[b]) < 12]
    assert close == []


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_outcome_stands_out_from_both_grounds(name):
    """Three to one, as WCAG asks of graphics."""
    for ground in GROUNDS:
        light = sorted(luminance(linear(colour)) for colour in (ground, OUTCOMES[name]))
        assert (light[1] + 0.05) / (light[0] + 0.05) >= 3


def test_the_style_sheet_has_the_same_colours():
    """The legend means what is drawn."""
    for name, colour in OUTCOMES.items():
        assert re.search(rf"--{name}: {colour};", CSS)
        assert f".swatch.{name} {{ background: var(--{name}); }}" in CSS
    for ground in GROUNDS:
        assert f"--card: {ground};" in CSS
