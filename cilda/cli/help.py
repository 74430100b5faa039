"""Help pages in plain text: options in groups, headings bold on a terminal, examples at the end.

Typer can draw help with rich; that takes 80 ms more than all the rest of `cilda --help` (90 ms).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

DEFAULT_GROUP = "Options"
# Wide enough for an option, its type and a sentence; typer's own 80 breaks most of them.
WIDTH = 110


class CommandHelp(TyperCommand):
    """One command's page. An option's `rich_help_panel` is the group that it stands in."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Writes the options under the headings of their groups, in the order of the signature."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                unnamed = "Arguments" if parameter.param_type_name == "argument" else DEFAULT_GROUP
                name = getattr(parameter, "rich_help_panel", None) or unnamed
                groups.setdefault(name, []).append(record)
        # --help and its like come last, wherever they were declared.
        general = groups.pop(DEFAULT_GROUP, None)
        if general is not None:
            groups[DEFAULT_GROUP] = general
        for name, records in groups.items():
            with formatter.section(heading(name)):
                formatter.write_dl(records, col_max=WIDTH // 3)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Writes the examples, flush with the other headings."""
        _write_epilog(self.epilog, formatter)


class GroupHelp(TyperGroup):
    """The page of `cilda` itself: the commands in their groups, then the options."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Writes each command with the first sentence of its help."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                group = getattr(command, "rich_help_panel", None) or "Commands"
                groups.setdefault(group, []).append((name, command.get_short_help_str(WIDTH)))
        for name, rows in groups.items():
            with formatter.section(heading(name)):
                formatter.write_dl(rows)
        options = [record for option in self.get_params(ctx) if (record := option.get_help_record(ctx)) is not None]
        with formatter.section(heading(DEFAULT_GROUP)):
            formatter.write_dl(options)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Writes the examples, flush with the other headings."""
        _write_epilog(self.epilog, formatter)


def heading(name: str) -> str:
    """A bold heading; typer takes the escapes out again where there is no terminal."""
    return f"\x1b[1m{name}\x1b[0m"


def examples(lines: tuple[str, ...]) -> str:
    """The end of a help page: commands to copy, one a line."""
    return "\n".join((f"{heading('Examples')}:", *(f"  {line}" for line in lines)))


def _write_epilog(epilog: str | None, formatter: HelpFormatter) -> None:
    """The epilog as it stands; typer would join its lines."""
    if epilog:
        formatter.write_paragraph()
        formatter.write(f"{epilog}\n")
