"""Finds hooks that a plugin implements and the host does not have, so that a misspelt one is told."""

from __future__ import annotations

import pluggy

from .errors import suggest


def unknown_hook(manager: pluggy.PluginManager, plugin: object) -> str:
    """Says which hook of a plugin the host does not know.

    Args:
        manager: A manager that holds the specifications and the plugin.
        plugin: The module or object that was registered with it.

    Returns:
        The hook and the one that may be meant; empty where all are known, or marked as optional.
    """
    known = [name for name, caller in vars(manager.hook).items() if getattr(caller, "has_spec", bool)()]
    for caller in manager.get_hookcallers(plugin) or ():
        if not caller.has_spec() and not all(each.optionalhook for each in caller.get_hookimpls()):
            return f"unknown hook '{caller.name}'. {suggest(caller.name, known)}"
    return ""
