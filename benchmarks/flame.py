"""A flame graph as SVG: what is called by what from the bottom up, each as wide as the time that is spent in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

WIDTH, ROW, LETTER = 1200, 17, 6.6
_LEAST = 0.003
"""The share of the whole below which a frame is not drawn."""

Stack = tuple[str, ...]


class _Node:
    def __init__(self) -> None:
        self.weight = 0.0
        self.callees: dict[str, _Node] = {}

    def add(self, stack: Iterable[str], weight: float) -> None:
        node = self
        node.weight += weight
        for name in stack:
            node = node.callees.setdefault(name, _Node())
            node.weight += weight

    def depth(self, least: float) -> int:
        """How many rows are drawn."""
        drawn = [node for node in self.callees.values() if node.weight >= least]
        return 1 + max((node.depth(least) for node in drawn), default=0)


def flame(stacks: Iterable[tuple[Stack, float]], title: str, colour: Callable[[Stack], str]) -> str:
    """Draw a flame graph.

    Args:
        stacks: Stacks from the root, each with its milliseconds.
        title: What was measured.
        colour: The colour of the last frame of a stack.

    Returns:
        The SVG.
    """
    root = _Node()
    for stack, weight in stacks:
        root.add(stack, weight)
    least = root.weight * _LEAST
    height = (root.depth(least) + 2) * ROW
    shown: list[str] = []

    def draw(node: _Node, stack: Stack, left: float, row: int) -> None:
        width = node.weight / root.weight * WIDTH
        name = stack[-1] if stack else f"{title}: {root.weight:.0f} ms"
        top = height - (row + 1) * ROW
        letters = int((width - 4) / LETTER)
        text = name if len(name) <= letters else f"{name[: letters - 1]}…"
        told = f"{escape(name)}: {node.weight:.1f} ms, {node.weight / root.weight:.1%}"
        fill = colour(stack) if stack else "#d8d8d8"
        shown.append(
            f'<g><title>{told}</title><rect x="{left:.1f}" y="{top}" width="{max(width - 0.4, 0.3):.1f}" '
            f'height="{ROW - 1}" fill="{fill}"/>'
        )
        if letters >= 3:
            shown.append(f'<text x="{left + 3:.1f}" y="{top + 12}">{escape(text)}</text>')
        shown.append("</g>\n")
        for callee in sorted(node.callees):
            below = node.callees[callee]
            if below.weight >= least:
                draw(below, (*stack, callee), left, row + 1)
            left += below.weight / root.weight * WIDTH

    draw(root, (), 0.0, 0)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="monospace" font-size="11" role="img">\n'
        f'<title>{escape(title)}</title>\n<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n'
        f"{''.join(shown)}</svg>\n"
    )
