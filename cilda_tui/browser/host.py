"""What the browser needs of the application that it is in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Host(Protocol):
    """The application that the browser is in."""

    def soon(self) -> None:
        """Draws soon. Any thread may call this."""

    def touch(self) -> None:
        """Draws with the next frame. Any thread may call this."""

    def cells(self) -> tuple[int, int]:
        """Width and height."""

    def repaint(self, theme: str) -> None:
        """Shows everything in another theme."""

    def copy_to_clipboard(self, text: str) -> None:
        """Gives a text to the terminal's clipboard."""

    def leave_browser(self, theme: str) -> None:
        """The viewer wants back, or out."""

    def quit(self) -> None:
        """The viewer wants out."""

    def on_ui(self, act: Callable[[], None]) -> None:
        """Does something in the thread that draws; waits for it.

        Raises:
            RuntimeError: the screen is gone.
        """
