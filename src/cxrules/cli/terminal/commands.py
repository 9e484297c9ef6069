"""The class of every command: an option that takes one value is given once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

if TYPE_CHECKING:
    import typer

__all__ = ["refuse_repeated"]


class _OnceCommand(TyperCommand):
    """A command that refuses an option given twice, of which only the last value would count."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, and refuse what is given twice."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        seen: set[str] = set()
        option: Any  # only an option is multiple or a flag
        for option in order:
            if option.param_type_name != "option" or option.multiple or option.is_flag:
                continue
            if option.name in seen:
                ctx.fail(f"{max(option.opts, key=len)} is given twice.")
            seen.add(option.name)
        return super().parse_args(ctx, args)


def refuse_repeated(app: typer.Typer) -> None:
    """Make every command of an app, and of the apps inside it, one that refuses an option given twice."""
    for command in app.registered_commands:
        command.cls = _OnceCommand
    for group in app.registered_groups:
        if group.typer_instance is not None:
            refuse_repeated(group.typer_instance)
