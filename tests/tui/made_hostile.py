"""Texts that would harm a terminal that they reached as they are."""

from __future__ import annotations

HOSTILE_TEXTS = (
    "[bold red]not markup[/bold red] [link=http://x]y[/link] [[/]",
    "\x1b[2J\x1b[31mred\x1b]0;title\x07 \x1b]52;c;aGk=\x07 \x9b31m",
    "bell \x07 backspace \x08\x08 tab \t return \r line \n feed \x0c null \x00 delete \x7f",
    "right to left \u202eevil\u202c \u2066isolated\u2069 \u200fmark",
    "emoji 👩‍👩‍👧‍👦 🇩🇪 👍🏽 ❤️ ☺︎",
    "zalgo Z̷̧͎͔̱͈̥̦̠͎͒̏͐͗̈́͛̚͝ä̴̡́l̵g̶o̷ combining e\u0301\u0302\u0303\u0304\u0305",
    "wide 日本語テキスト 한국어 ｆｕｌｌ",
    "zero\u200bwidth\u200d\u2060\ufeff soft\u00adhyphen",
    "lone \ud800 surrogate, private \ue000, unassigned \U000e0fff",
    "long " + "x" * 100_000,
    "",
)
