"""The agent's list of the plugins that it loads: ``plugins.enabled`` and ``plugins.disabled`` of ``config.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from hermes_dist.brand import OUR_PLUGINS
from hermes_dist.errors import Invalid

_PLUGINS, _ENABLED, _DISABLED = "plugins", "enabled", "disabled"
Config = Mapping[object, object]


class Enabled(StrEnum):
    """Whether the agent loads a plugin."""

    YES = "yes"
    NO = "no"
    OFF = "off"
    """The user disabled it, which counts for more than the list of enabled ones."""


def enabled_in(config: Config, name: str) -> Enabled:
    """Return whether the agent loads a plugin; a list that it can't read enables nothing."""
    if name in _names(config, _DISABLED):
        return Enabled.OFF
    return Enabled.YES if name in _names(config, _ENABLED) else Enabled.NO


def with_plugin(config: Config, name: str) -> tuple[Config, str]:
    """Enable a plugin.

    Args:
        config: The settings.
        name: The plugin.

    Returns:
        The settings with the plugin, and the key that had to be made for it: ``plugins``, ``enabled`` or none.

    Raises:
        Invalid: The settings have something else where the list should be.
    """
    plugins = _section(config)
    enabled = _listed(plugins, _ENABLED)
    made = ""
    if plugins is None:
        made = _PLUGINS
    elif plugins.get(_ENABLED) is None:
        made = _ENABLED
    changed = {
        **(plugins or {}),
        _ENABLED: [*enabled, name] if name not in enabled else list(enabled),
    }
    if name in (disabled := _listed(plugins, _DISABLED)):
        changed[_DISABLED] = [each for each in disabled if each != name]
    return {**config, _PLUGINS: changed}, made


def without_plugin(config: Config, name: str, made: str) -> Config:
    """Take a plugin out of the list, and the keys that :func:`with_plugin` made if they are empty then.

    Args:
        config: The settings.
        name: The plugin.
        made: The key that had to be made for it.

    Returns:
        The settings; as they were if the plugin is not in the list.
    """
    plugins = config.get(_PLUGINS)
    if not isinstance(plugins, Mapping) or name not in _names(config, _ENABLED):
        return config
    kept = dict(plugins)
    kept[_ENABLED] = [each for each in _names(config, _ENABLED) if each != name]
    if made and not kept[_ENABLED]:
        del kept[_ENABLED]
    if made == _PLUGINS and not kept:
        without = dict(config)
        del without[_PLUGINS]
        return without
    return {**config, _PLUGINS: kept}


def without_ours(config: Config, before: Config) -> Config:
    """Take the plugins out of the list that hermes-dist enabled on this machine: no package names them.

    Args:
        config: The settings.
        before: The settings as a package brought them; a plugin that these name stays.
    """
    section = before.get(_PLUGINS)
    made = ""
    if section is None:
        made = _PLUGINS
    elif isinstance(section, Mapping) and section.get(_ENABLED) is None:
        made = _ENABLED
    for name in _names(config, _ENABLED):
        if str(name).startswith(OUR_PLUGINS) and name not in _names(before, _ENABLED):
            config = without_plugin(config, str(name), made)
    return config


def _names(config: Config, key: str) -> list[object]:
    """The names in a list of the agent's; empty where there is none that it can read."""
    plugins = config.get(_PLUGINS)
    found = plugins.get(key) if isinstance(plugins, Mapping) else None
    return found if isinstance(found, list) else []


def _section(config: Config) -> Config | None:
    plugins = config.get(_PLUGINS)
    if plugins is None or isinstance(plugins, Mapping):
        return plugins
    raise Invalid(f"{_PLUGINS} is not a map of settings", hint="mend it, then run this again")


def _listed(plugins: Config | None, key: str) -> list[object]:
    found = (plugins or {}).get(key)
    if found is None or isinstance(found, list):
        return found or []
    raise Invalid(f"{_PLUGINS}.{key} is not a list of names", hint="mend it, then run this again")
