"""Charts as a person sees them. To see one again: `print(picture(draw_chart(...)))`."""

from __future__ import annotations

import math
from dataclasses import replace

from cilda_tui.chart import draw_chart
from cilda_tui.glyphs import ASCII, UNICODE
from cilda_tui.plot import Line
from cilda_tui.series import Series
from tests.tui.made_plots import curve, falling, picture, plot, series

LOSSES = plot(
    Line("total", falling(300, 2.0, 0.4, spread=0.15)),
    Line("logit_kl.soft", falling(300, 1.0, 0.7)),
)
SCORES = plot(
    Line("accuracy", series([0.61, 0.74, 0.81, 0.85, 0.86, 0.88], first=50, every=50), points=True),
    steps=300,
    title="scores",
    references=(("teacher", 0.943),),
)


def not_finite(step: int) -> float:
    return math.nan if 40 <= step < 50 else math.inf if step == 80 else step / 100


def with_a_gap() -> Series:
    made = Series()
    for step in [*range(1, 101), *range(201, 301)]:
        made.add(step, 1.0, 0.9, 1.1)
    return made


def test_two_losses() -> None:
    frame = draw_chart(LOSSES, 48, 14, UNICODE)
    wanted = """
student losses
a total 0.429    b logit_kl.soft 0.705
      │
      │⣄
     2│⠑⢄⣄         ·            ·           ·
      │⠈⢿⠑⢄⡀
      │  ⠙⢿⠈⠢⣀⣀
     1│⡀   ⠈⠻⢿⠑⠢⣀⣤⣀⡀            ·           ·
      │⠉⠉⠉⠑⠒⠒⠢⠤⠤⠤⠭⣒⣢⣤⣀⣀⣀⣀⣀⣀⡀
      │           ⠉⠙⠛⠿⠈⠉⠑⠒⠒⠬⠭⠭⢍⣉⣉⣉⣉⣉⠉⠉⠉⠉⠉⠉⠉⠉⠉b
      │                  ⠉⠉⠉⠛⠛⠛⠛⠻⠿⠿⠿⠉⠉⠉⠉⠉⠉⠉⠉⠉a
     0│·           ·            ·           ·
      └┬───────────┬────────────┬───────────┬──
       0          100          200          step"""
    assert picture(frame) == wanted


def test_in_ascii() -> None:
    frame = draw_chart(LOSSES, 48, 14, ASCII)
    wanted = """
student losses
a total 0.429    b logit_kl.soft 0.705
      |
      |,
     2|'.,
      |`;'..
      |  `;;'..
     1|,   `;;;'..,,
      |''''''''...:::............
      |           ```;;;'''''....:::::::'''''b
      |                   `````````;;;;;'''''a
     0|
      ++-----------+------------+-----------+--
       0          100          200          step"""
    assert picture(frame) == wanted


def test_without_colours_each_line_shows_its_letter_and_bands_are_sparse() -> None:
    frame = draw_chart(LOSSES, 60, 14, UNICODE.without_colour())
    wanted = """
student losses
a total 0.429    b logit_kl.soft 0.705
      │
      │⡤⡀
     2│a⠢⡀⡀            ·                ·                ·
      │⠈⠪⠈⠑⢄⡀⡀
      │   ⠙⠪⠈⠒⠤⣀⣄⡀
     1│⡀     ⠙⠪⢮⠉⠒⠤⣀⡀⣄⣀⡀                ·                ·
      │⠈⠉⠉⠉⠒⠒⠒⠒b⠤⠤⠤⠤⠬⢕⣒a⣤⣀⣀⣀⣀⣀⣀b⣀⣀
      │               ⠉⠙⠚⠪⠮⠈⠉⠉⠒⠒⠒⠢⠭⠭⠭⠭⣉a⣉⣉⣉⣉⣉⠉⠉b⠉⠉⠉⠉⠉⠉⠉⠉⠉⠁b
      │                        ⠉⠉⠉⠉⠚⠚⠚⠚⠚⠚⠪⠮⠮⠮⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉a⠉⠁a
     0│·               ·                ·                ·
      └┬───────────────┬────────────────┬────────────────┬─
       0              100              200              step"""
    assert picture(frame) == wanted


def test_scores_below_the_teachers() -> None:
    frame = draw_chart(SCORES, 48, 12, UNICODE)
    wanted = """
scores
accuracy 0.880    ╌ teacher 0.943
      │╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ teacher ╌
   0.9│·           ·            ·       ⣀⣀⣀⡠●
      │                    ⢀⣀⠤⠤⠒●⠒⠊⠉⠉⠉●⠉
   0.8│·           ·  ⢀⡠⠔●⠉⠁    ·           ·
      │            ●⠤⠒⠁
   0.7│·         ⡠⠊·            ·           ·
      │       ⢀⡠⠊
   0.6│·     ●⠁    ·            ·           ·
      └┬───────────┬────────────┬───────────┬──
       0          100          200          step"""
    assert picture(frame) == wanted


def test_values_that_are_not_finite_leave_a_gap_and_a_mark() -> None:
    frame = draw_chart(plot(Line("total", curve(100, not_finite)), title="not finite"), 40, 10, UNICODE)
    wanted = """
not finite
total 1.000
   1.0│·           ·        ⣀⣀⠤⠒⠂
      │                 ⢀⣀⠤⠒⠉
   0.5│·           ⢀⣠⡠⠔⠊⠁       ·
      │        ⣀⣀  ⠐⠉
      │    ⢀⣀⠤⠒⠉
   0.0│⣀⠤⠔⠊⠁       ·            ·
      └┬─────────✗✗✗───────✗────┬──────
       0          50           100  step"""
    assert picture(frame) == wanted


def test_a_logarithmic_axis_shows_that_it_refuses_what_is_not_above_zero() -> None:
    powers = curve(100, lambda step: 10.0 ** (-step / 20) if step % 30 else -1.0)
    frame = draw_chart(plot(Line("total", powers), log=True), 40, 12, UNICODE)
    wanted = """
student losses               logarithmic
total 1.0e-05
     1│⠑⠒⠤⣀        ·            ·
      │   ⠉⠑⠢⢄⡀
      │      ⠈⢱⠑⠤⡀
  0.01│·      ⢸  ⠈⠑⠢⢄           ·
      │       ⢸     ⠈⠉⠐⠤⡀
0.0001│·      ⢸    ·  ⡇⠈⠈⠑⠢⣀    ·
      │       ⢸       ⡇    ⠉⠉⠂⢄⡀
      │       ⢸       ⡇      ⢸⠈⠈⠁
      └┬──────↓────┬──↓──────↓──┬──────
       0          50           100  step"""
    assert picture(frame) == wanted


def test_one_spike_in_thousands_of_steps() -> None:
    spike = curve(4000, lambda step: 9.0 if step == 1234 else 1.0 + step / 4000)
    frame = draw_chart(plot(Line("total", spike), title="a spike"), 40, 12, UNICODE)
    wanted = """
a spike
total 2.000
      │         ⢸
     8│·        ⢸     ·               ·
      │         ⢸
      │         ⢸
     4│·        ⢸     ·               ·
      │         ⢸
      │         ⢸                  ⣀⣀⣀⡀
      │⣀⣀⣀⣀⣀⠤⠤⠤⠤⠤⠤⠤⠤⠒⠒⠒⠒⠒⠒⠒⠒⠉⠉⠉⠉⠉⠉⠉⠉
      └┬──────────────┬───────────────┬
       0             2k             step"""
    assert picture(frame) == wanted


def test_where_steps_are_missing_nothing_is_made_up() -> None:
    frame = draw_chart(plot(Line("total", with_a_gap()), title="a gap"), 40, 8, UNICODE)
    wanted = """
a gap
total 1.000
   1.2│
      │⣶⣶⣶⣶⣶⣶⣶⣶⡆       ⢰⣶⣶⣶⣶⣶⣶⣶⣶⡆
   1.0│⠒⠒⠒⠒⠒⠒⠒⠒⠂       ⠐⠒⠒⠒⠒⠒⠒⠒⠒⠂
      │⠿⠿⠿⠿⠿⠿⠿⠿⠇       ⠸⠿⠿⠿⠿⠿⠿⠿⠿⠇
   0.8│
       0              200           step"""
    assert picture(frame) == wanted


def test_a_cursor_with_values_behind_it_the_seam_of_a_resumed_run() -> None:
    frame = draw_chart(replace(LOSSES, cursor=77.0, seams=(200,)), 48, 12, UNICODE)
    wanted = """
student losses
a total 0.969    b logit_kl.soft 0.807
      │         │               ┊
     2│⣀⣄       │  ·            ┊           ·
      │⠻⠑⠢⡀⡀    │               ┊
      │ ⠈⠛⠈⠑⠤⣀⣀ │               ┊
     1│⣀⣀⣀⡀⠈⠛⠿⠑⠒⠤⣀⡀⣀⣀           ┊           ·
      │  ⠈⠈⠉⠉⠉⠑⠒⠒⠒⠚⠛⠒⠲⠤⠤⣤⣤⣤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤b
      │         │    ⠉⠉⠙⠛⠛⠻⠉⠉⠉⠉⠉⠒⠒⠒⠒⠒⠒⠒⠒⠒⠢⠤⠤⠤a
     0│·        │  ·            ┊          ⠈⠉
      └┬───────────┬────────────┬───────────┬──
       0       77 100          200          step"""
    assert picture(frame) == wanted


def test_a_window_between_two_steps() -> None:
    frame = draw_chart(replace(LOSSES, window=(100.0, 150.0)), 48, 10, UNICODE)
    wanted = """
student losses
a total 0.429    b logit_kl.soft 0.705
      │⣶⣦⣤⣤⣄⣀⣀⣀⡀
      │⣀⣀⣀⡀⣿⣿⣿⣿⣿⣿⣿⣿⣶⣶⣶⣶⣤⣤⣤⣤⣄⣀⣀⣀⣀⡀
   0.8│⠉⠉⠒⠚⠛⠛⠓⠒⠒⠒⠲⠶⠶⠶⣒⣒⣒⣒⡒⠒⠒⠒⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤b
      │⠛⠛⠛⠻⠿⠿⢿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⠈⠉⠉⠉⠑⠒⠒⠒⠒⠒⠤⠤⠤⠤⠤⢄⣀⣀⣀⣀⣀⣀a
      │          ⠉⠉⠉⠉⠛⠛⠛⠛⠻⠿⠿⠿⠿⢿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
   0.4│·            ·            · ⠉⠉⠉⠉⠉⠉⠛⠛⠛⠛⠛⠛
      └┬────────────┬────────────┬─────────────
      100          120          140         step"""
    assert picture(frame) == wanted


def test_along_time() -> None:
    frame = draw_chart(replace(LOSSES, axis="time", lines=LOSSES.lines[:1]), 48, 10, UNICODE)
    wanted = """
student losses
total 0.429
      │
      │⣀
     2│⠉⠒⠤⣀⣀          ·              ·
      │  ⠉⠛⠉⠑⠒⠤⢄⣀⡀⣀⡀
      │       ⠉⠉⠛⠈⠉⠑⠒⠒⠒⠤⠤⠤⠤⠤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣤⣤⣤⣄⣀⡀
     0│·              ·   ⠉⠉⠉⠉⠉⠉⠉⠉⠉⠙⠛⠛⠛⠉⠉⠉⠉⠉⠁
      └┬──────────────┬──────────────┬─────────
      0s             1m             2m      time"""
    assert picture(frame) == wanted


def test_a_constant() -> None:
    rate = plot(Line("learning_rate", curve(100, lambda _: 2e-5)), title="learning rates")
    frame = draw_chart(rate, 40, 9, UNICODE)
    wanted = """
learning rates
learning_rate 2.0e-05
      │
2.0e-5│⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠄
      │
      │
1.6e-5│·           ·            ·
      └┬───────────┬────────────┬──────
       0          50           100  step"""
    assert picture(frame) == wanted


def test_nothing_yet() -> None:
    frame = draw_chart(plot(Line("total", Series())), 40, 8, UNICODE)
    wanted = """
student losses
total -
      │
      │
      │         no values yet
      │
      │
       0                   5        step"""
    assert picture(frame) == wanted


def test_a_single_value() -> None:
    frame = draw_chart(plot(Line("total", series([0.5]))), 40, 8, UNICODE)
    wanted = """
student losses
total 0.500
  0.55│
      │
  0.50│⠄
      │
  0.45│
                       5            step"""
    assert picture(frame) == wanted


def test_with_little_room() -> None:
    frame = draw_chart(LOSSES, 24, 6, UNICODE)
    wanted = """
student losses
a tot… 0.429
     3│⡀
      │⡑⠢⠤⣀⡀        b
     0│⠈⠉⠉⠉⠉⠉⠙⠛⠛⠛⠛⠛⠛a
       0            step"""
    assert picture(frame) == wanted


def test_with_hardly_any_room() -> None:
    frame = draw_chart(LOSSES, 14, 3, UNICODE)
    wanted = """
a tot… 0.429
⣀⡀           b
⠒⠚⠛⠓⠒⠒⠒⠶⠶⠶⠶⠶⠶a"""
    assert picture(frame) == wanted
