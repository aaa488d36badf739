"""The command that was given, as manifests tell it."""

from __future__ import annotations

import shlex
from pathlib import PurePath

import typer


def command_line(context: typer.Context) -> str:
    """Return the command that was given, without folders: those are private."""
    words, group = [context.info_name or ""], context.parent
    while group is not None and group.parent is not None:
        words, group = [group.info_name or "", *words], group.parent
    words = ["blportfolio", *words]
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if value is None or value == parameter.get_default(context) or value in ((), []):
            continue
        values = value if isinstance(value, list | tuple) else [value]
        for item in values:
            text = item.name if isinstance(item, PurePath) else str(item)
            if PurePath(text).is_absolute():
                text = PurePath(text).name
            if parameter.param_type_name == "argument":
                words.append(text)
            elif item is True:
                words.append(parameter.opts[0])
            else:
                words += [parameter.opts[0], text]
    return shlex.join(words)
